package daemon

import (
	"context"
	"fmt"

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

// Events is how a supervised backend tells what happens to it: in order, from
// the goroutine of its Run, one call at a time.
type Events struct {
	Loading func(wire.LoadPhase)
	Up      func()
	Down    func(reason error)
}

// eventKind tells the events of the backends apart.
type eventKind uint8

const (
	eventLoading eventKind = iota + 1
	eventUp
	eventDown
	eventEnded
)

// event is one thing that happened to a backend.
type event struct {
	backend int // index
	kind    eventKind
	phase   wire.LoadPhase // eventLoading
	err     error          // eventDown, eventEnded
}

// send gives an event to the loop. When that has ended, events go nowhere and
// block nobody.
func (r *run) send(e event) {
	select {
	case r.events <- e:
	case <-r.stopping:
	}
}

// eventsOf connects a supervised backend to the loop.
func (r *run) eventsOf(i int) Events {
	return Events{
		Loading: func(p wire.LoadPhase) { r.send(event{backend: i, kind: eventLoading, phase: p}) },
		Up:      func() { r.send(event{backend: i, kind: eventUp}) },
		Down:    func(reason error) { r.send(event{backend: i, kind: eventDown, err: reason}) },
	}
}

// makeBackends makes the configured backends, in their order.
func (r *run) makeBackends() {
	newLocal := r.daemon.cfg.NewLocal
	if newLocal == nil {
		newLocal = r.newLocal
	}
	for i, b := range r.daemon.cfg.Backends {
		switch b.Kind {
		case config.KindMock:
			r.backends = append(r.backends, newMock(b))
		case config.KindLlamaCPP:
			r.backends = append(r.backends, newLocal(b, r.eventsOf(i)))
		default:
			r.backends = append(r.backends, &unusable{name: b.Name, err: fmt.Errorf("backends of kind %s are not built yet", b.Kind)})
		}
	}
	r.backends = append(r.backends, r.daemon.cfg.ReadyMade...)
}

// startBackends runs the supervised backends, and waits for the others to be
// ready, each in a goroutine that ends with ctx.
func (r *run) startBackends(ctx context.Context) {
	for i, b := range r.backends {
		r.workers.Go(func() {
			if supervised, ok := b.(Supervised); ok {
				err := supervised.Run(ctx)
				r.send(event{backend: i, kind: eventEnded, err: err})
			} else if awaitReady(ctx, b) {
				r.send(event{backend: i, kind: eventUp})
			}
		})
	}
}
