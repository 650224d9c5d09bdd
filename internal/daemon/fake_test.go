package daemon_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/wire"
)

// fakeLocal stands for the local backend: it does what the test tells it, in
// the goroutine of its Run.
type fakeLocal struct {
	*mock.Backend
	events daemon.Events
	steps  chan func() error
	ended  chan struct{} // closed when Run has returned
	held   atomic.Pointer[chan struct{}]
}

// hold keeps requests from going on until goOn is called.
func (f *fakeLocal) hold() (goOn func()) {
	ch := make(chan struct{})
	f.held.Store(&ch)
	return func() { close(ch) }
}

func (f *fakeLocal) Generate(ctx context.Context, r *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	if ch := f.held.Load(); ch != nil {
		select {
		case <-*ch:
		case <-ctx.Done():
		}
	}
	return f.Backend.Generate(ctx, r, emit)
}

func (f *fakeLocal) Run(ctx context.Context) error {
	defer close(f.ended)
	defer f.SetReady(false)
	for {
		select {
		case step := <-f.steps:
			if err := step(); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (f *fakeLocal) Info() wire.BackendStatus {
	return wire.BackendStatus{Name: f.Name(), Ready: f.Ready(), PID: 4711, Restarts: 1}
}

// does has Run take one step, and waits until that is done.
func (f *fakeLocal) does(step func() error) {
	done := make(chan struct{})
	f.steps <- func() error {
		defer close(done)
		return step()
	}
	<-done
}

func (f *fakeLocal) loads(phases ...wire.LoadPhase) {
	f.does(func() error {
		for _, p := range phases {
			f.events.Loading(p)
		}
		return nil
	})
}

func (f *fakeLocal) comesUp() {
	f.does(func() error {
		f.SetReady(true)
		f.events.Up()
		return nil
	})
}

func (f *fakeLocal) crashes(reason error) {
	f.does(func() error {
		f.SetReady(false)
		f.events.Down(reason)
		return nil
	})
}

func (f *fakeLocal) givesUp(err error) {
	f.does(func() error { return err })
}

// startLocal runs a daemon on local backends of the names, which do nothing
// until they are told.
func startLocal(t *testing.T, change func(*daemon.Config), names ...string) (*daemontest.Daemon, []*fakeLocal) {
	t.Helper()
	cfg := daemontest.Config(t)
	fakes := make([]*fakeLocal, len(names))
	for i, name := range names {
		cfg.Backends = append(cfg.Backends, config.Backend{Kind: config.KindLlamaCPP, Name: name})
		fakes[i] = &fakeLocal{steps: make(chan func() error), ended: make(chan struct{})}
	}
	made := 0
	cfg.NewLocal = func(b config.Backend, events daemon.Events) daemon.Supervised {
		f := fakes[made]
		made++
		f.Backend = mock.New(mock.Config{Name: b.Name, Slots: 2, FirstDelay: 0})
		f.SetReady(false)
		f.events = events
		return f
	}
	if change != nil {
		change(&cfg)
	}
	return daemontest.Start(t, cfg), fakes
}
