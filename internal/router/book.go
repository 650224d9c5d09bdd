package router

import "sync"

// book counts how the dispatches to the backends of one name ended. It belongs
// to the name, so that two backends of one kind never answer for each other.
type book struct {
	running  int64
	outcomes [OwnFault + 1]uint64 // by Outcome
}

// Stats is how the dispatches to the backends of one name ended so far.
type Stats struct {
	Name string
	// Running is how many were picked and are not done.
	Running int64
	// The rest counts the finished ones by Outcome.
	OK, CallerFault, BackendFault, Cancelled, OwnFault uint64
}

// Stats returns the books of every backend in the list, in order of preference.
func (r *Router) Stats() []Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Stats, len(r.entries))
	for i, e := range r.entries {
		all[i] = Stats{
			Name:         e.backend.Name(),
			Running:      e.book.running,
			OK:           e.book.outcomes[OK],
			CallerFault:  e.book.outcomes[CallerFault],
			BackendFault: e.book.outcomes[BackendFault],
			Cancelled:    e.book.outcomes[Cancelled],
			OwnFault:     e.book.outcomes[OwnFault],
		}
	}
	return all
}

// beginLocked books a dispatch and returns the func that books its end.
func (r *Router) beginLocked(e *entry) (done func(Outcome)) {
	e.running++
	e.book.running++
	var once sync.Once
	return func(o Outcome) {
		if o < OK || o > OwnFault {
			o = OwnFault // so that the books add up
		}
		once.Do(func() { r.end(e, o) })
	}
}

func (r *Router) end(e *entry, o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.running--
	e.book.running--
	e.book.outcomes[o]++
	e.settleLocked()
}

// settleLocked tells who waits for the end of what runs on a backend that has
// left. Nothing begins there any more, so that it happens once.
func (e *entry) settleLocked() {
	if e.left && e.running == 0 {
		close(e.idle)
	}
}
