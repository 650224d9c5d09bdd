package daemon_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// changing is a daemon on fake backends, whose config is changed.
type changing struct {
	*daemontest.Daemon
	t    *testing.T
	made chan *fakeLocal
}

// version is a config of local backends, named name=model.
func version(backends ...string) config.Config {
	var c config.Config
	for _, b := range backends {
		name, model, _ := strings.Cut(b, "=")
		c.Backends = append(c.Backends, config.Backend{
			Kind: config.KindLlamaCPP, Name: name, LlamaCPP: config.LlamaCPP{Model: model},
		})
	}
	return c
}

// startChanging runs a daemon, and brings its first backends up.
func startChanging(t *testing.T, change func(*daemon.Config), backends ...string) (*changing, []*fakeLocal) {
	t.Helper()
	cfg := daemontest.Config(t)
	cfg.Backends = version(backends...).Backends
	made := make(chan *fakeLocal, 16)
	cfg.NewLocal = func(b config.Backend, events daemon.Events) daemon.Supervised {
		f := &fakeLocal{steps: make(chan func() error), ended: make(chan struct{}), events: events}
		f.Backend = mock.New(mock.Config{Name: b.Name, Model: b.LlamaCPP.Model, Tokens: []string{b.LlamaCPP.Model}, Slots: 2})
		f.SetReady(false)
		made <- f
		return f
	}
	if change != nil {
		change(&cfg)
	}
	c := &changing{t: t, made: made, Daemon: daemontest.Start(t, cfg)}
	var first []*fakeLocal
	for range backends {
		f := <-made
		f.comesUp()
		first = append(first, f)
	}
	c.WaitReady()
	return c, first
}

// swap changes the config, and returns where its result will be.
func (c *changing) swap(ctx context.Context, cfg config.Config) <-chan error {
	result := make(chan error, 1)
	go func() { result <- c.Swap(ctx, cfg) }()
	return result
}

// says fails the test unless a new request is answered by the model.
func (c *changing) says(model string) {
	c.t.Helper()
	client := c.V1()
	defer client.Close()
	client.Ask("1", "hello", "")
	if text, last := client.Answer(); text != model {
		c.t.Errorf("got %q and %+v, want an answer of %s", text, last, model)
	}
}

func always(_, _ []config.Backend) bool { return true }

func never(_, _ []config.Backend) bool { return false }

func TestSwap_LoadsTheNewOneBesideTheOld(t *testing.T) {
	d, first := startChanging(t, nil, "a=old")
	admin := d.Admin()
	admin.Until(wire.Ready{})
	result := d.swap(t.Context(), version("a=new"))
	fresh := <-d.made
	fresh.loads(wire.PhaseMmap{Path: "/m"}) // concerns nobody
	d.says("old")
	fresh.comesUp()
	if err := <-result; err != nil {
		t.Fatalf("Swap: %v", err)
	}
	d.says("new")
	<-first[0].ended
	want := caps("a")
	want.Model = "new"
	admin.Expect(want)
	if s := d.Status(); s.State != "ready" || len(s.Backends) != 1 {
		t.Errorf("status %+v", s)
	}
}

func TestSwap_OldRequestsFinishOnTheOldBackend(t *testing.T) {
	d, first := startChanging(t, nil, "a=old")
	goOn := first[0].hold()
	c := d.V1()
	c.Ask("1", "hello", "")
	d.AwaitQueue(1, 0)
	result := d.swap(t.Context(), version("a=new"))
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("new")
	goOn()
	if text, last := c.Answer(); text != "old" || last.(*wire.V1Done).StopReason != wire.StopEnd {
		t.Errorf("got %q and %+v, want the whole old answer", text, last)
	}
	<-first[0].ended
}

func TestSwap_ANewBackendThatFailsLeavesTheOldServing(t *testing.T) {
	d, _ := startChanging(t, nil, "a=old")
	result := d.swap(t.Context(), version("a=new"))
	(<-d.made).givesUp(errors.New("no such model"))
	err := <-result
	if failed, ok := errors.AsType[*daemon.BackendError](err); !ok || failed.Name != "a" || failed.Err.Error() != "no such model" {
		t.Errorf("Swap: %v", err)
	}
	d.says("old")
	if s := d.Status(); s.State != "ready" || s.Backends[0].Reason != "" {
		t.Errorf("status %+v", s)
	}
	result = d.swap(t.Context(), version("a=newer")) // and it can be tried again
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("newer")
}

func TestSwap_WithoutRoomTheOldGoesFirstAndRequestsWait(t *testing.T) {
	d, first := startChanging(t, func(c *daemon.Config) { c.Fits = never }, "a=old")
	admin := d.Admin()
	admin.Until(wire.Ready{})
	goOn := first[0].hold()
	c, late := d.V1(), d.V1()
	c.Ask("1", "hello", "")
	d.AwaitQueue(1, 0)
	result := d.swap(t.Context(), version("a=new"))
	admin.Expect(wire.Restarting{Phase: "draining"})
	if d.Bound(transport.V1) {
		t.Error("the socket is there while the model is away")
	}
	late.Ask("2", "hello", "")
	d.AwaitQueue(1, 1)
	goOn()
	if text, _ := c.Answer(); text != "old" {
		t.Errorf("got %q, want the old model's answer", text)
	}
	<-first[0].ended // before the new one is started
	fresh := <-d.made
	fresh.loads(wire.PhaseLoad{LoadedFraction: 0.5})
	admin.Expect(wire.Restarting{Phase: "load"})
	fresh.comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if text, _ := late.Answer(); text != "new" {
		t.Errorf("got %q, want the new model's answer", text)
	}
	want := caps("a")
	want.Model = "new"
	admin.Expect(want, wire.Ready{})
}

// The drain timeout that is in force counts, not the one of the start.
func TestSwap_WithoutRoomRequestsHaveTheDrainTimeout(t *testing.T) {
	d, first := startChanging(t, func(c *daemon.Config) {
		c.Fits, c.DrainTimeout = never, time.Hour
		next := c.Config
		next.DrainTimeout = time.Millisecond
		c.Reload = func() (config.Config, error) { return next, nil }
	}, "a=old")
	goOn := first[0].hold()
	c := d.V1()
	c.Ask("1", "hello", "")
	d.AwaitQueue(1, 0)
	expectReload(t, d.Reload(t.Context()), wire.ControlReload{Applied: []string{"drain_timeout_ms"}})
	result := d.swap(t.Context(), version("a=new"))
	<-first[0].ended // although it still has a request
	goOn()
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("new")
}

func TestSwap_WithoutRoomAFailureBringsTheOldBack(t *testing.T) {
	d, _ := startChanging(t, func(c *daemon.Config) { c.Fits = never }, "a=old")
	result := d.swap(t.Context(), version("a=new"))
	(<-d.made).givesUp(errors.New("out of memory"))
	(<-d.made).comesUp() // the old one, made again
	if err := <-result; err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("Swap: %v", err)
	}
	d.WaitReady()
	d.says("old")
}

func TestSwap_ThatNobodyWaitsForIsGivenUp(t *testing.T) {
	for name, fits := range map[string]func(_, _ []config.Backend) bool{"beside": nil, "instead": never} {
		t.Run(name, func(t *testing.T) {
			d, _ := startChanging(t, func(c *daemon.Config) { c.Fits = fits }, "a=old")
			ctx, cancel := context.WithCancel(t.Context())
			result := d.swap(ctx, version("a=new"))
			fresh := <-d.made
			fresh.loads(wire.PhaseMmap{})
			cancel()
			<-fresh.ended
			if fits != nil {
				(<-d.made).comesUp()
			}
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("Swap: %v", err)
			}
			d.WaitReady()
			d.says("old")
		})
	}
}

// Looking for room reads files, and may take long: the daemon goes on meanwhile.
func TestSwap_NothingWaitsForTheLookForRoom(t *testing.T) {
	looking, goOn := make(chan struct{}, 2), make(chan struct{})
	d, first := startChanging(t, func(c *daemon.Config) {
		c.Fits = func(_, _ []config.Backend) bool {
			looking <- struct{}{}
			<-goOn
			return false
		}
	}, "a=old")
	admin := d.Admin()
	admin.Until(wire.Ready{})
	ctx, cancel := context.WithCancel(t.Context())
	result := d.swap(ctx, version("a=given up"))
	<-looking
	first[0].crashes(errors.New("signal 9"))
	admin.Expect(wire.Restarting{Phase: "engine_down"})
	first[0].comesUp()
	admin.Until(wire.Ready{})
	d.says("old")
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Swap: %v", err)
	}
	<-d.made // that never began
	result = d.swap(t.Context(), version("a=new"))
	<-looking
	close(goOn) // what was found out for the first one is of no account
	<-first[0].ended
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("new")
}

func TestSwap_AddsRemovesAndReorders(t *testing.T) {
	d, first := startChanging(t, nil, "a=one", "b=two")
	result := d.swap(t.Context(), version("b=two", "c=three", "a=one"))
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("two")
	var names []string
	for _, b := range d.Status().Backends {
		names = append(names, b.Name)
	}
	if !slices.Equal(names, []string{"b", "c", "a"}) {
		t.Errorf("backends %v", names)
	}
	if err := d.Swap(t.Context(), version("c=three")); err != nil {
		t.Fatal(err)
	}
	<-first[0].ended
	<-first[1].ended
	d.says("three")
	late := d.Admin()
	want := caps("c")
	want.Model = "three"
	late.Expect(want, wire.Ready{}) // nothing of those that are gone
	if err := d.Swap(t.Context(), version()); err == nil {
		t.Error("swapped for no backend at all")
	}
	d.says("three")
}

func TestSwap_WhileTheOldOneIsDownBringsTheNewOneUp(t *testing.T) {
	d, first := startChanging(t, nil, "a=old")
	first[0].crashes(errors.New("signal 9"))
	result := d.swap(t.Context(), version("a=new"))
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.WaitReady()
	d.says("new")
}

func TestSwap_EndsWithTheDaemon(t *testing.T) {
	for name, fits := range map[string]func(_, _ []config.Backend) bool{"beside": nil, "instead": never} {
		t.Run(name, func(t *testing.T) {
			d, _ := startChanging(t, func(c *daemon.Config) { c.Fits = fits }, "a=old")
			result := d.swap(t.Context(), version("a=new"))
			fresh := <-d.made
			d.Drain()
			if err := d.Wait(); err != nil {
				t.Errorf("Run: %v", err)
			}
			if err := <-result; err == nil {
				t.Error("a swap that never ended says that it did")
			}
			_ = fresh
			if err := d.Swap(t.Context(), version("a=newer")); !errors.Is(err, daemon.ErrNotRunning) {
				t.Errorf("Swap after the end: %v", err)
			}
		})
	}
}

func TestDaemon_OneBackendThatFailsLeavesTheOthers(t *testing.T) {
	d, local := startLocal(t, nil, "a", "b")
	local[0].givesUp(errors.New("no such model"))
	local[1].comesUp()
	d.WaitReady()
	c := d.V1()
	c.Ask("1", "hello", "")
	if _, last := c.Answer(); last.(*wire.V1Done).Backend != "b" {
		t.Errorf("got %+v", last)
	}
	s := d.Status()
	if s.Backends[0].Reason != "no such model" || s.Backends[1].Reason != "" {
		t.Errorf("backends %+v", s.Backends)
	}
	local[1].crashes(errors.New("signal 9"))
	local[1].givesUp(errors.New("gone too"))
	if err := d.Wait(); daemon.ExitCode(err) != daemon.ExitEngine {
		t.Errorf("Run: %v, want its end when no backend is left", err)
	}
}
