// Package inbox is where other goroutines leave notes for the one that owns a
// model: requests to run, and cancels. A cancel may come while the model is at
// a step; a step that nobody waits for any more is broken off.
package inbox

import "sync"

// Box holds the notes. Put and Cancel are safe for concurrent use; the rest is
// the owner's.
type Box[N any] struct {
	abort func(on bool)
	wake  chan struct{}

	// mu guards the fields below. abort is called under it: an abort that is
	// on its way must not reach the step after the one that it was meant for.
	mu    sync.Mutex
	notes []N
	gone  map[uint64]bool // cancelled by notes that nobody has taken yet
	step  map[uint64]bool // whose step is being computed now
}

// New makes a box. abort makes the model's running step end early, or the next
// one, until it is called with false; it must return at once.
func New[N any](abort func(on bool)) *Box[N] {
	return &Box[N]{abort: abort, wake: make(chan struct{}, 1), gone: map[uint64]bool{}, step: map[uint64]bool{}}
}

// Put leaves a note.
func (b *Box[N]) Put(n N) {
	b.mu.Lock()
	b.notes = append(b.notes, n)
	b.mu.Unlock()
	b.knock()
}

// Cancel leaves a note that cancels a request. A step that is for others too
// goes on: they would have to compute their part of it again.
func (b *Box[N]) Cancel(id uint64, n N) {
	b.mu.Lock()
	b.notes = append(b.notes, n)
	b.gone[id] = true
	if b.step[id] {
		delete(b.step, id)
		if len(b.step) == 0 {
			b.abort(true)
		}
	}
	b.mu.Unlock()
	b.knock()
}

func (b *Box[N]) knock() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Wake receives after notes were left.
func (b *Box[N]) Wake() <-chan struct{} { return b.wake }

// Take takes all notes, in order.
func (b *Box[N]) Take() []N {
	b.mu.Lock()
	defer b.mu.Unlock()
	notes := b.notes
	b.notes = nil
	clear(b.gone)
	return notes
}

// Open says that a step for these requests begins. Those whose cancel lies in
// the box do not count: a step for them alone is not computed.
func (b *Box[N]) Open(ids []uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if !b.gone[id] {
			b.step[id] = true
		}
	}
	if len(b.step) == 0 {
		b.abort(true)
	}
}

// Close says that the step has ended.
func (b *Box[N]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.step)
	b.abort(false)
}
