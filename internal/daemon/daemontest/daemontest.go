// Package daemontest runs a whole daemon inside a test, on real sockets in a
// short temporary directory, and checks at the end that it left nothing
// behind: no goroutine, no descriptor, no socket. It counts those of the whole
// process, so tests that use it must not run in parallel.
package daemontest

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// GiveUp is when waiting for something that never comes fails a test. No good
// run takes so long.
const GiveUp = 30 * time.Second

// Daemon is a daemon under test.
type Daemon struct {
	*daemon.Daemon
	Dir string

	t      testing.TB
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // of Run, once ended is closed
}

// Config is what a test's daemon runs with, before the test changes it: the
// mocks, in a directory of its own, with room for 4 requests and 128 waiting.
func Config(t testing.TB, mocks ...mock.Config) daemon.Config {
	t.Helper()
	cfg := daemon.Config{
		Config: config.Config{
			DrainTimeout: GiveUp,
			Queue:        config.Queue{Active: 4, Waiting: 128},
		},
		RuntimeDir: Dir(t),
		Version:    "test",
		Log:        slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, m := range mocks {
		cfg.ReadyMade = append(cfg.ReadyMade, mock.New(m))
	}
	return cfg
}

// Dir makes a directory with a name short enough for sockets.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// New runs a daemon on mocks and waits until it is ready.
func New(t testing.TB, mocks ...mock.Config) *Daemon {
	t.Helper()
	d := Start(t, Config(t, mocks...))
	d.WaitReady()
	return d
}

// Start runs a daemon and returns when its admin and control sockets accept, or
// it has ended. The test's end stops it, if it still runs, and looks for leftovers.
func Start(t testing.TB, cfg daemon.Config) *Daemon {
	t.Helper()
	known, files := goleak.IgnoreCurrent(), OpenFiles()
	ctx, cancel := context.WithCancel(context.Background())
	d := &Daemon{
		Daemon: daemon.New(cfg), Dir: cfg.RuntimeDir,
		t: t, cancel: cancel, ended: make(chan struct{}),
	}
	go func() {
		defer close(d.ended)
		d.err = d.Run(ctx)
	}()
	t.Cleanup(func() {
		d.Stop()
		goleak.VerifyNone(t, known)
		if now := OpenFiles(); now > files {
			t.Errorf("%d descriptors are open, before the daemon it were %d", now, files)
		}
		d.checkSockets()
	})
	d.await(transport.Admin)
	d.await(transport.Control)
	return d
}

// await returns when a surface accepts connections, or the daemon has ended.
func (d *Daemon) await(s transport.Surface) {
	d.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for give := time.Now().Add(GiveUp); ; {
		conn, err := transport.Dial(d.t.Context(), transport.EndpointIn(d.Dir, s))
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-d.ended:
			return
		case <-tick.C:
		}
		if time.Now().After(give) {
			d.t.Fatalf("the %v surface never came: %v", s, err)
		}
	}
}

// Bound reports whether a surface's socket is there.
func (d *Daemon) Bound(s transport.Surface) bool {
	_, err := os.Lstat(transport.EndpointIn(d.Dir, s).Path)
	return err == nil
}

// WaitReady returns once the admin surface says ready.
func (d *Daemon) WaitReady() {
	d.t.Helper()
	admin := d.Admin()
	defer admin.Close()
	admin.Until(wire.Ready{})
}

// Wait returns what Run returned.
func (d *Daemon) Wait() error {
	d.t.Helper()
	select {
	case <-d.ended:
		return d.err
	case <-time.After(GiveUp):
		d.t.Fatal("the daemon does not stop")
		return nil
	}
}

// Cancel ends the context of Run, as a second signal does, and does not wait.
func (d *Daemon) Cancel() { d.cancel() }

// Stop ends the daemon at once and returns what Run returned.
func (d *Daemon) Stop() error {
	d.t.Helper()
	d.cancel()
	return d.Wait()
}

// checkSockets fails the test if a socket of the daemon is still there.
func (d *Daemon) checkSockets() {
	d.t.Helper()
	for _, s := range transport.Surfaces() {
		if d.Bound(s) {
			d.t.Errorf("the %v socket is still there", s)
		}
	}
}
