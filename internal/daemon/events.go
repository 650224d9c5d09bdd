package daemon

import "github.com/inferd/inferd/wire"

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
	// eventWeighed: it is known whether there is room for a swap's backends.
	eventWeighed
	// eventCleared: the backends that had to make room are gone.
	eventCleared
	// eventPulled: the models are there, or can't be had.
	eventPulled
)

// event is one thing that happened to a backend.
type event struct {
	unit  *unit // nil for what is of no backend, and while models are fetched
	kind  eventKind
	phase wire.LoadPhase // eventLoading
	err   error          // eventDown, eventEnded, eventPulled
	swap  *swap          // eventWeighed
	fits  bool           // eventWeighed
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
func (r *run) eventsOf(u *unit) Events {
	return Events{
		Loading: func(p wire.LoadPhase) { r.send(event{unit: u, kind: eventLoading, phase: p}) },
		Up:      func() { r.send(event{unit: u, kind: eventUp}) },
		Down:    func(reason error) { r.send(event{unit: u, kind: eventDown, err: reason}) },
	}
}
