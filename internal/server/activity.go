package server

import (
	"context"
	"sync"
	"time"
)

// load is how much of the text surface is in use.
type load struct {
	conns    int // open inference connections
	admitted int // requests with a permit, until their last frame is out
}

// activity counts the load and tells those who wait for a change of it.
type activity struct {
	// mu guards the fields below.
	mu   sync.Mutex
	now  load
	idle time.Time // since when no connection is open; meaningless while one is
	// changed is closed, and replaced, when a count reaches or leaves zero.
	changed chan struct{}
}

func newActivity() *activity {
	return &activity{changed: make(chan struct{})}
}

// connected counts a connection until done is called.
func (a *activity) connected() (done func()) {
	a.add(load{conns: 1})
	return func() { a.add(load{conns: -1}) }
}

// admitted counts a request until done is called.
func (a *activity) admitted() (done func()) {
	a.add(load{admitted: 1})
	return func() { a.add(load{admitted: -1}) }
}

func (a *activity) add(d load) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.now
	a.now.conns += d.conns
	a.now.admitted += d.admitted
	if (before.conns == 0) == (a.now.conns == 0) && (before.admitted == 0) == (a.now.admitted == 0) {
		return
	}
	if a.now.conns == 0 && before.conns > 0 {
		a.idle = time.Now()
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *activity) look() (now load, idle time.Time, changed <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now, a.idle, a.changed
}

// wait blocks until holds is true of the load.
func (a *activity) wait(ctx context.Context, holds func(load) bool) error {
	for {
		now, _, changed := a.look()
		if holds(now) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// waitQuiet blocks until no connection was open for the whole of a period. A
// busy or an idle daemon is not woken for it: the timer runs only towards an end.
func (a *activity) waitQuiet(ctx context.Context, period time.Duration) error {
	begin := time.Now()
	for {
		now, idle, changed := a.look()
		if idle.Before(begin) {
			idle = begin
		}
		var due <-chan time.Time
		if now.conns == 0 {
			left := period - time.Since(idle)
			if left <= 0 {
				return nil
			}
			due = time.After(left)
		}
		select {
		case <-changed:
		case <-due:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
