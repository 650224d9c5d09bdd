package daemon_test

import (
	"slices"

	"errors"
	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func caps(name string) wire.Capabilities {
	return wire.Capabilities{Backend: name, V2: true, Tools: true, Thinking: true, Accelerator: wire.AcceleratorCPU, WireVersion: 1, Slots: 2}
}

func TestDaemon_OpensTheTextSurfaceOnlyWhenReady(t *testing.T) {
	d, local := startLocal(t, nil, "a", "b")
	admin := d.Admin()
	admin.Expect(wire.Starting{})
	local[0].loads(wire.PhaseMmap{Path: "/m"}, wire.PhaseLoad{LoadedFraction: 0.5})
	admin.Expect(
		wire.LoadingModel{Phase: wire.PhaseMmap{Path: "/m"}},
		wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: 0.5}},
	)
	if s := d.Status(); s.State != "loading_model" || s.Phase != "load" {
		t.Errorf("status while loading: %+v", s)
	}
	local[0].comesUp()
	local[1].loads(wire.PhaseKVCache{NCtx: 9}) // the other one is still loading
	admin.Expect(wire.LoadingModel{Phase: wire.PhaseKVCache{NCtx: 9}})
	if d.Bound(transport.V1) {
		t.Error("infer.sock is there before ready")
	}
	local[1].comesUp()
	admin.Expect(caps("a"), caps("b"), wire.Ready{})
	c := d.V1()
	c.Ask("1", "hello", "")
	if text, last := c.Answer(); text == "" || last.(*wire.V1Done).Backend != "a" {
		t.Errorf("got %q and %+v", text, last)
	}
	late := d.Admin()
	late.Expect(caps("a"), caps("b"), wire.Ready{})
	d.Drain()
	admin.Expect(wire.Draining{})
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v after a drain", err)
	}
	admin.Ended()
}

func TestDaemon_StatusShowsBackendsAndQueue(t *testing.T) {
	d, local := startLocal(t, func(c *daemon.Config) { c.Queue.Active = 0 }, "a")
	local[0].comesUp()
	d.WaitReady()
	s := d.Status()
	if s.Version != "test" || s.State != "ready" || s.PID == 0 || len(s.Sockets) != 5 {
		t.Errorf("status %+v", s)
	}
	if diff := cmp.Diff([]wire.BackendStatus{{Name: "a", Ready: true, PID: 4711, Restarts: 1}}, s.Backends); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
	if s.Queue.ActiveLimit != 2 || s.Queue.WaitLimit != 128 {
		t.Errorf("queue %+v, want room for the backend's two slots", s.Queue)
	}
}

func TestDaemon_CrashClosesTheTextSurfaceUntilTheBackendIsBack(t *testing.T) {
	d, local := startLocal(t, nil, "a")
	local[0].comesUp()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	kept := d.V1()
	kept.Ask("0", "hello", "") // so that it is accepted before the crash
	kept.Answer()

	local[0].crashes(errors.New("signal 9"))
	admin.Expect(wire.Restarting{Phase: "engine_down"})
	if d.Bound(transport.V1) {
		t.Error("infer.sock is there while restarting")
	}
	kept.Ask("1", "hello", "") // an open connection lives on, and its requests wait
	d.AwaitQueue(0, 1)
	if s := d.Status(); s.State != "restarting" || s.Phase != "engine_down" {
		t.Errorf("status %+v", s)
	}
	local[0].loads(wire.PhaseLoad{LoadedFraction: 0.1}, wire.PhaseLoad{LoadedFraction: 0.9}, wire.PhaseKVCache{NCtx: 1})
	admin.Expect(wire.Restarting{Phase: "load"}, wire.Restarting{Phase: "kv_cache"})
	local[0].comesUp()
	admin.Expect(caps("a"), wire.Ready{})
	if text, _ := kept.Answer(); text == "" {
		t.Error("no answer on the old connection after the restart")
	}
	fresh := d.V1()
	fresh.Ask("3", "hello", "")
	if text, _ := fresh.Answer(); text == "" {
		t.Error("no answer on a new connection after the restart")
	}
}

func TestDaemon_CrashOfOneBackendLeavesTheOtherServing(t *testing.T) {
	d, local := startLocal(t, nil, "a", "b")
	local[0].comesUp()
	local[1].comesUp()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	local[0].crashes(errors.New("signal 9"))
	local[0].loads(wire.PhaseLoad{}) // concerns nobody
	c := d.V1()
	c.Ask("1", "hello", "")
	if _, last := c.Answer(); last.(*wire.V1Done).Backend != "b" {
		t.Errorf("got %+v", last)
	}
	local[1].crashes(errors.New("signal 9"))
	admin.Expect(wire.Restarting{Phase: "engine_down"})
	local[0].comesUp()
	admin.Expect(caps("a"), wire.Ready{})
}

func TestDaemon_BackendThatCannotLoadEndsIt(t *testing.T) {
	d, local := startLocal(t, nil, "a")
	admin := d.Admin()
	admin.Expect(wire.Starting{})
	local[0].givesUp(errors.New("engine is missing"))
	admin.Expect(wire.Failed{Reason: "backend a: engine is missing"})
	err := d.Wait()
	failed, ok := errors.AsType[*daemon.BackendError](err)
	if !ok || failed.Name != "a" || daemon.ExitCode(err) != daemon.ExitEngine {
		t.Errorf("got %v, exit code %d", err, daemon.ExitCode(err))
	}
	admin.Ended()
}

func TestDaemon_BackendThatGivesUpLaterEndsIt(t *testing.T) {
	d, local := startLocal(t, nil, "a")
	local[0].comesUp()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	local[0].crashes(errors.New("signal 9"))
	local[0].givesUp(errors.New("the model is gone"))
	admin.Until(wire.Failed{Reason: "backend a: the model is gone"})
	if err := d.Wait(); daemon.ExitCode(err) != daemon.ExitEngine {
		t.Errorf("got %v", err)
	}
}

func TestDaemon_DrainsWhileLoading(t *testing.T) {
	d, local := startLocal(t, nil, "a")
	admin := d.Admin()
	admin.Expect(wire.Starting{})
	local[0].loads(wire.PhaseMmap{Path: "/m"})
	admin.Expect(wire.LoadingModel{Phase: wire.PhaseMmap{Path: "/m"}})
	if r := d.Command(wire.CmdDrain); !r.OK {
		t.Errorf("drain: got %+v", r)
	}
	admin.Expect(wire.Draining{})
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	<-local[0].ended
}

func TestDaemon_DrainsWhileRestarting(t *testing.T) {
	d, local := startLocal(t, nil, "a")
	local[0].comesUp()
	d.WaitReady()
	local[0].crashes(errors.New("signal 9"))
	d.Drain()
	d.Drain()
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestDaemon_DrainedBeforeRunNeverBecomesReady(t *testing.T) {
	cfg := configWithMock(t)
	d := daemon.New(cfg)
	d.Drain()
	if err := d.Run(t.Context()); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

// A request surface is there as long as a backend that serves it, and no longer.
func TestDaemon_BindsSurfacesByCapability(t *testing.T) {
	d, local := startLocal(t, func(c *daemon.Config) {
		c.ReadyMade = []backend.Backend{mock.New(mock.Config{Name: "vectors", NoGenerate: true, Dimensions: 4})}
	}, "a")
	bound := func(want ...transport.Surface) {
		t.Helper()
		for _, s := range []transport.Surface{transport.V1, transport.V2, transport.Framed, transport.Embed, transport.Rerank} {
			if got := d.Bound(s); got != slices.Contains(want, s) {
				t.Errorf("%v: bound is %v", s, got)
			}
		}
	}
	bound()
	local[0].comesUp()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	bound(transport.V1, transport.V2, transport.Framed, transport.Embed)
	local[0].crashes(errors.New("signal 9"))
	admin.Expect(wire.Restarting{Phase: "engine_down"})
	bound(transport.Embed)
	local[0].comesUp()
	admin.Until(wire.Ready{})
	bound(transport.V1, transport.V2, transport.Framed, transport.Embed)
}

func TestDaemon_IsReadyWithBackendsThatDoNotGenerate(t *testing.T) {
	cfg := daemontest.Config(t)
	cfg.Backends = []config.Backend{{Kind: config.KindMock, Name: "r", Mock: config.Mock{NoGenerate: true, Rerank: true}}}
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	if !d.Bound(transport.Rerank) || d.Bound(transport.V1) || d.Bound(transport.V2) || d.Bound(transport.Embed) {
		t.Error("only the rerank socket should be there")
	}
}
