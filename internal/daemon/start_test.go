package daemon_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func TestDaemon_SecondOneIsToldWhoRuns(t *testing.T) {
	first := daemontest.New(t, mock.Config{})
	cfg := configWithMock(t)
	cfg.RuntimeDir = first.Dir
	err := daemon.New(cfg).Run(t.Context())
	held, ok := errors.AsType[*disk.HeldError](err)
	if !ok || held.PID != os.Getpid() || daemon.ExitCode(err) != daemon.ExitRunning {
		t.Errorf("got %v, exit code %d", err, daemon.ExitCode(err))
	}
	c := first.V1() // the first is none the worse
	c.Ask("1", "hello", "")
	if text, _ := c.Answer(); text == "" {
		t.Error("the first daemon no longer answers")
	}
}

func TestDaemon_ReplacesTheSocketsOfAKilledOne(t *testing.T) {
	cfg := configWithMock(t)
	for _, s := range []transport.Surface{transport.V1, transport.Admin, transport.Control} {
		abandon(t, transport.EndpointIn(cfg.RuntimeDir, s).Path)
	}
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	c := d.V1()
	c.Ask("1", "hello", "")
	if text, _ := c.Answer(); text == "" {
		t.Error("no answer")
	}
}

// abandon leaves a socket as a killed daemon does.
func abandon(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
}

func TestDaemon_LeavesForeignFilesAlone(t *testing.T) {
	cfg := configWithMock(t)
	path := transport.EndpointIn(cfg.RuntimeDir, transport.Control).Path
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := daemon.New(cfg).Run(t.Context())
	if err == nil || daemon.ExitCode(err) != daemon.ExitFailure {
		t.Errorf("got %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
		t.Errorf("the file is now %q, %v", content, err)
	}
	if _, err := os.Lstat(transport.EndpointIn(cfg.RuntimeDir, transport.Admin).Path); err == nil {
		t.Error("the admin socket is left behind")
	}
	lock, err := disk.Lock(transport.LockPath(cfg.RuntimeDir))
	if err != nil {
		t.Fatalf("the lock is left behind: %v", err)
	}
	lock.Close()
}

func TestDaemon_UnusableRuntimeDirectoryIsOneClearLine(t *testing.T) {
	file := filepath.Join(daemontest.Dir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := configWithMock(t)
	cfg.RuntimeDir = file
	err := daemon.New(cfg).Run(t.Context())
	if err == nil || daemon.ExitCode(err) != daemon.ExitFailure {
		t.Fatalf("got %v", err)
	}
	t.Log(err)
}

func TestDaemon_FailsWhenTheTextSurfaceCannotBeBound(t *testing.T) {
	var path string
	d, local := startLocal(t, func(c *daemon.Config) {
		path = transport.EndpointIn(c.RuntimeDir, transport.V1).Path
	}, "a")
	admin := d.Admin()
	admin.Expect(wire.Starting{})
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	local[0].comesUp()
	if failed, ok := admin.Event().(wire.Failed); !ok || failed.Reason == "" {
		t.Errorf("got %+v, want failed with a reason", failed)
	}
	if err := d.Wait(); daemon.ExitCode(err) != daemon.ExitFailure {
		t.Errorf("got %v", err)
	}
	os.Remove(path)
}

// A socket is a sign of being ready: one that a killed daemon left is gone as
// soon as the next one starts, not when it is ready.
func TestDaemon_ClearsTheTextSurfaceOfAKilledOneAtOnce(t *testing.T) {
	d, local := startLocal(t, func(c *daemon.Config) {
		abandon(t, transport.EndpointIn(c.RuntimeDir, transport.V1).Path)
	}, "a")
	d.Admin().Expect(wire.Starting{})
	if d.Bound(transport.V1) {
		t.Error("infer.sock of the killed daemon is still there")
	}
	local[0].comesUp()
	d.WaitReady()
}

func TestDaemon_NeedsABackend(t *testing.T) {
	if err := daemon.New(daemontest.Config(t)).Run(t.Context()); err == nil {
		t.Error("ran without a backend")
	}
}

func TestDaemon_RunsTheConfiguredMock(t *testing.T) {
	cfg := daemontest.Config(t)
	cfg.Backends = []config.Backend{{Kind: config.KindMock, Name: "m", Mock: config.Mock{
		Model: "pretended", Tokens: []string{"a", "b"}, NCtx: 9, Slots: 3, FailKind: "invalid",
	}}}
	d := daemontest.Start(t, cfg)
	admin := d.Admin()
	want := wire.Capabilities{
		Backend: "m", V2: true, Tools: true, Thinking: true, Accelerator: wire.AcceleratorCPU, WireVersion: 1, Model: "pretended", NCtx: 9, Slots: 3,
	}
	admin.Until(wire.Ready{})
	late := d.Admin()
	late.Expect(want, wire.Ready{})
	c := d.V1()
	c.Ask("1", "hello", "")
	if text, _ := c.Answer(); text != "ab" {
		t.Errorf("got %q", text)
	}
}

func TestDaemon_WaitsForAMockThatTakesTime(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{ReadyDelay: 100 * time.Millisecond})
	d := daemontest.Start(t, cfg)
	admin := d.Admin()
	admin.Expect(wire.Starting{})
	if s := d.Status(); s.State == "starting" && d.Bound(transport.V1) && d.Status().State == "starting" {
		t.Error("infer.sock is there before ready")
	}
	admin.Until(wire.Ready{})
}

func TestNew_PanicsWithoutALog(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("made a daemon without a log")
		}
	}()
	daemon.New(daemon.Config{})
}

func TestExitCode_KnowsEveryEnd(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{io.ErrUnexpectedEOF, 1},
		{&config.Error{Problems: []*config.Problem{{Message: "bad"}}}, 2},
		{fmt.Errorf("take the lock: %w", &disk.HeldError{PID: 1}), 3},
		{fmt.Errorf("run: %w", &daemon.BackendError{Name: "a", Err: io.EOF}), 4},
	}
	for _, test := range tests {
		if got := daemon.ExitCode(test.err); got != test.want {
			t.Errorf("ExitCode(%v) = %d, want %d", test.err, got, test.want)
		}
	}
}
