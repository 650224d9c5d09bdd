package daemon

import (
	"log/slog"
	"slices"
	"time"
)

// commit puts the new list of backends in force. Nobody is turned away: new
// requests go to the new backends, and old ones finish where they are.
func (r *run) commit() {
	s := r.swap
	r.swap = nil
	for _, l := range r.setUnits(s.next) {
		r.retire(l.unit, l.idle, 0)
	}
	r.router.Expect(false)
	if s.failed != nil {
		r.ended(s.change, s.failed)
		return
	}
	if r.state == serving {
		for _, u := range s.coming {
			r.hub.Publish(capabilitiesOf(u.backend))
		}
	}
	r.log.Info("backends changed", slog.Int("loaded", len(s.coming)), slog.Int("ended", len(s.leaving)))
	r.ended(s.change, nil)
}

// leaver is a unit that has left the list; idle is closed when nothing runs on
// it.
type leaver struct {
	unit *unit
	idle <-chan struct{}
}

// setUnits changes the list, and returns who has left it.
func (r *run) setUnits(units []*unit) []leaver {
	var left []leaver
	idle := r.router.Set(backendsOf(units))
	for _, u := range r.units {
		if ch := idle[u.backend]; ch != nil {
			u.retired = true
			left = append(left, leaver{u, ch})
		}
	}
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.name()
	}
	r.hub.Keep(names)
	r.mu.Lock()
	r.units = slices.Clone(units)
	r.mu.Unlock()
	return left
}

// retire ends a unit when nothing runs on it any more, or after the patience,
// if there is one.
func (r *run) retire(u *unit, idle <-chan struct{}, patience time.Duration) {
	r.workers.Go(func() {
		var late <-chan time.Time
		if patience > 0 {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-idle:
		case <-late:
			r.log.Warn("drain timeout: ending a backend with requests", slog.String("backend", u.name()))
		case <-u.ended:
		}
		u.stop()
		<-u.ended
		r.log.Info("backend gone", slog.String("backend", u.name()))
	})
}

// clear takes the leaving backends out and ends them, before anything is loaded
// in their place.
func (r *run) clear() {
	s := r.swap
	s.cleared = true
	stay := slices.DeleteFunc(slices.Clone(s.next), func(u *unit) bool { return slices.Contains(s.coming, u) })
	r.router.Expect(true)
	for _, l := range r.setUnits(stay) {
		r.retire(l.unit, l.idle, max(r.daemon.current().DrainTimeout, time.Millisecond))
	}
	r.afterwards(s.leaving)
}

// failSwap gives a change up. Where the old backends run it leaves it at that;
// where they had to go, they are loaded again.
func (r *run) failSwap(why error) {
	s := r.swap
	r.log.Error("backends not changed", slog.Any("reason", why))
	started := s.loading
	for _, u := range s.coming {
		u.retired = true
		if started {
			r.stopUnit(u)
		}
	}
	if !s.cleared {
		r.swap = nil
		r.ended(s.change, why)
		return
	}
	s.failed = why
	back := &swap{change: s.change, failed: why, cleared: true, next: slices.Clone(r.units)}
	for _, old := range s.leaving {
		u := r.newUnit(old.cfg, old.print)
		back.coming = append(back.coming, u)
		back.next = append(back.next, u)
	}
	r.swap = back
	if started {
		r.afterwards(s.coming)
	}
}

// afterwards sends eventCleared when nothing is left of the units.
func (r *run) afterwards(units []*unit) {
	r.workers.Go(func() {
		for _, u := range units {
			<-u.ended
		}
		r.send(event{kind: eventCleared})
	})
}
