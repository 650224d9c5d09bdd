package daemon

import (
	"context"
	"fmt"
	"reflect"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/wire"
)

// Supervised is a backend with a life of its own: something has to be started,
// loaded, watched and started again. Others are up once they are ready.
type Supervised interface {
	backend.Backend
	// Run starts it and blocks: nil once ctx has ended and nothing is left of
	// it, an error only where going on is pointless.
	Run(ctx context.Context) error
	// Info is what the control surface shows of it.
	Info() wire.BackendStatus
}

// unit is one backend of the daemon, from its making to its end.
type unit struct {
	backend backend.Backend
	// cfg is what it was made of, and print what its model's name stood for
	// then; fixed is a backend that no config has made.
	cfg   config.Backend
	print string
	fixed bool

	stop  context.CancelFunc // set by start
	ended chan struct{}      // closed when nothing is left of it

	// The loop's own, below.
	up      bool
	failed  error // why it has ended; nil while it has not
	retired bool  // nobody asks about it any more
}

func (u *unit) name() string { return u.backend.Name() }

// is reports whether the unit is what a config and its model's print describe.
// A print that can't be told now is no reason to give a good model up.
func (u *unit) is(c config.Backend, print string) bool {
	return !u.fixed && u.failed == nil && reflect.DeepEqual(u.cfg, c) && (print == "" || print == u.print)
}

// newUnit makes a backend; nothing of it runs yet.
func (r *run) newUnit(c config.Backend, print string) *unit {
	u := &unit{cfg: c, print: print, ended: make(chan struct{})}
	switch c.Kind {
	case config.KindMock:
		u.backend = newMock(c)
	case config.KindLlamaCPP:
		newLocal := r.daemon.cfg.NewLocal
		if newLocal == nil {
			newLocal = r.newLocal
		}
		u.backend = newLocal(c, r.eventsOf(u))
	default:
		u.backend = &unusable{name: c.Name, err: fmt.Errorf("backends of kind %s are not built yet", c.Kind)}
	}
	return u
}

// firstUnits makes the configured backends, in their order.
func (r *run) firstUnits() []*unit {
	var units []*unit
	prints := r.daemon.printsOf(r.daemon.cfg.Backends)
	r.daemon.setPrints(r.daemon.cfg.Backends, prints)
	for i, c := range r.daemon.cfg.Backends {
		units = append(units, r.newUnit(c, prints[i]))
	}
	for _, b := range r.daemon.cfg.ReadyMade {
		units = append(units, &unit{backend: b, fixed: true, ended: make(chan struct{})})
	}
	return units
}

// start runs a unit in a goroutine that ends with ctx, or with stop.
func (r *run) start(ctx context.Context, u *unit) {
	ctx, u.stop = context.WithCancel(ctx)
	r.workers.Go(func() {
		defer u.stop()
		defer close(u.ended)
		if supervised, ok := u.backend.(Supervised); ok {
			err := supervised.Run(ctx)
			r.send(event{unit: u, kind: eventEnded, err: err})
		} else if awaitReady(ctx, u.backend) {
			r.send(event{unit: u, kind: eventUp})
		}
	})
}

func backendsOf(units []*unit) []backend.Backend {
	all := make([]backend.Backend, len(units))
	for i, u := range units {
		all[i] = u.backend
	}
	return all
}

func configsOf(units []*unit) []config.Backend {
	var all []config.Backend
	for _, u := range units {
		if !u.fixed && u.failed == nil {
			all = append(all, u.cfg)
		}
	}
	return all
}
