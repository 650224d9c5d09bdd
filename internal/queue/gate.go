package queue

import (
	"context"
	"sync"
)

// Gate lets a bounded number of requests run and a bounded number wait. It
// starts no goroutine. It is safe for concurrent use.
type Gate struct {
	// mu guards the fields below.
	mu       sync.Mutex
	policy   policy
	limits   Limits
	last     ticket
	waiting  map[ticket]*waiter
	active   int
	closed   bool
	admitted uint64
	refused  uint64
	left     uint64
}

// waiter is one call of Admit.
type waiter struct {
	id ticket
	// wake says that state or position may have changed. It holds at most one
	// token, so that waking never blocks and the latest change is never missed.
	wake chan struct{}

	// The gate's mu guards the fields below.
	state    state
	position int // while standing: 1 is next
}

type state uint8

const (
	standing state = iota // in line
	granted               // holds a permit
	shut                  // taken out of line by Close
)

// New returns an open gate with the limits l.
func New(l Limits) *Gate {
	l = l.normal()
	return &Gate{policy: newFIFO(l), limits: l, waiting: make(map[ticket]*waiter)}
}

// Admit waits for c's turn. It returns release, which gives the permit back:
// call it when the request has ended, from any goroutine; calls after the
// first do nothing. Without a permit the error is ErrFull (at once), ErrClosed,
// or the cause of ctx, and release is nil. Where ctx ends at the moment of
// the permit, the permit goes on to the next in line.
//
// moved, if not nil, hears the position in line (1 is next) on joining it and
// whenever it has changed, always the latest. Admit calls it in its own
// goroutine and holds no lock; it should not block, since a permit that comes
// meanwhile lies idle until it returns.
func (g *Gate) Admit(ctx context.Context, c Caller, moved func(position int)) (release func(), err error) {
	w, err := g.enter(context.Cause(ctx), c)
	if err != nil {
		return nil, err
	}
	// Deferred, so that a panic in moved gives the place back, too.
	defer func() {
		if release == nil {
			g.leave(w)
		}
	}()
	if err := g.wait(ctx, w, moved); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { g.release(w) }), nil
}

// SetActive changes how many requests may run. Raising it lets waiting ones
// in; lowering it lets the running ones finish.
func (g *Gate) SetActive(n int) {
	n = max(n, 0)
	g.mu.Lock()
	g.limits.Active = n
	wake := g.settleLocked(g.policy.setActive(n))
	g.mu.Unlock()
	wakeAll(wake)
}

// SetWaiting changes how many requests may wait. Lowering it lets those that
// wait keep their places.
func (g *Gate) SetWaiting(n int) {
	n = max(n, 0)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits.Waiting = n
	g.policy.setWaiting(n)
}

// Stats returns the state of the gate now.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{
		Active: g.active, Waiting: len(g.waiting), Limits: g.limits,
		Admitted: g.admitted, Refused: g.refused, Left: g.left,
	}
}

// Close ends the wait of everyone in line and refuses everyone who comes
// later, both with ErrClosed. Permits that are out stay good, and Close does
// not wait for them. Calls after the first do nothing.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	wake := make([]*waiter, 0, len(g.waiting))
	for id, w := range g.waiting {
		g.policy.cancel(id)
		w.state = shut
		wake = append(wake, w)
	}
	clear(g.waiting)
	g.mu.Unlock()
	wakeAll(wake)
}

// enter brings a newcomer before the policy. ended is the cause if the
// newcomer's context has ended already.
func (g *Gate) enter(ended error, c Caller) (*waiter, error) {
	g.mu.Lock()
	w, wake, err := g.offerLocked(ended, c)
	g.mu.Unlock()
	wakeAll(wake)
	return w, err
}

func (g *Gate) offerLocked(ended error, c Caller) (*waiter, []*waiter, error) {
	if ended != nil {
		g.left++
		return nil, nil, ended
	}
	if g.closed {
		g.refused++
		return nil, nil, ErrClosed
	}
	g.last++
	w := &waiter{id: g.last, wake: make(chan struct{}, 1)}
	switch g.policy.offer(w.id, c) {
	case admitted:
		w.state = granted
		g.active++
		return w, nil, nil
	case queued:
		g.waiting[w.id] = w
		return w, g.settleLocked(nil), nil
	}
	g.refused++
	return nil, nil, ErrFull
}

// wait returns nil when w has its permit and ctx has not ended.
func (g *Gate) wait(ctx context.Context, w *waiter, moved func(int)) error {
	told := 0
	for {
		position, in, err := g.look(context.Cause(ctx), w)
		if in || err != nil {
			return err
		}
		if moved != nil && position != told {
			told = position
			moved(position)
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// look says where w stands. in means that its permit is taken up: from then
// on only release gives it back.
func (g *Gate) look(ended error, w *waiter) (position int, in bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case w.state == shut:
		return 0, false, ErrClosed
	case ended != nil:
		return 0, false, ended
	case w.state == granted:
		g.admitted++
		return 0, true, nil
	}
	return w.position, false, nil
}

// leave takes out a waiter that did not take up a permit, and passes on one
// that it was granted.
func (g *Gate) leave(w *waiter) {
	var next []ticket
	g.mu.Lock()
	g.left++
	switch w.state {
	case standing:
		delete(g.waiting, w.id)
		g.policy.cancel(w.id)
	case granted:
		g.active--
		next = g.policy.release(w.id)
	}
	wake := g.settleLocked(next)
	g.mu.Unlock()
	wakeAll(wake)
}

func (g *Gate) release(w *waiter) {
	g.mu.Lock()
	g.active--
	wake := g.settleLocked(g.policy.release(w.id))
	g.mu.Unlock()
	wakeAll(wake)
}

// settleLocked hands permits to the tickets just admitted and renumbers the
// line. It returns the waiters to wake once the lock is gone.
func (g *Gate) settleLocked(in []ticket) []*waiter {
	var wake []*waiter
	for _, id := range in {
		w := g.waiting[id]
		delete(g.waiting, id)
		w.state = granted
		g.active++
		wake = append(wake, w)
	}
	position := 0
	for id := range g.policy.order() {
		position++
		if w := g.waiting[id]; w.position != position {
			w.position = position
			wake = append(wake, w)
		}
	}
	return wake
}

func wakeAll(ws []*waiter) {
	for _, w := range ws {
		select {
		case w.wake <- struct{}{}:
		default: // a token is there already, and look reads the latest state
		}
	}
}
