package transport

import (
	"context"
	"sync"
)

// Watcher notices that clients are gone, for all connections together. It is
// safe for concurrent use.
//
// Gone means fully closed, by the client or by the kernel when its process
// died. A client that has only shut down its write side still wants its
// answer, and one that sends is there: neither wakes the watcher. The daemon's
// own side must still be open for writing: with both directions shut down the
// kernel calls a connection hung up, whoever did it.
type Watcher struct {
	// events tells of hang-ups where the system can; the rest is polled.
	events *events
	polled *pollSet

	// mu guards the fields below.
	mu      sync.Mutex
	lastKey uint64
	watched map[uint64]func()
}

// NewWatcher returns a Watcher, which works while Run does. What it takes of
// the system is given back when Run returns, or with the Watcher where Run is
// never called.
func NewWatcher() (*Watcher, error) {
	ev, err := newEvents()
	if err != nil {
		return nil, err
	}
	return &Watcher{events: ev, polled: newPollSet(hungUp), watched: make(map[uint64]func())}, nil
}

// Run watches until ctx ends, and then returns nil. It is called once. After
// it has returned, no gone function is called.
func (w *Watcher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var polling sync.WaitGroup
	polling.Go(func() { w.polled.run(ctx, w.fire) })
	defer polling.Wait()
	defer cancel()
	return w.events.run(ctx, w.fire)
}

// Watch calls gone once, within 100 ms, when the peer of c has closed; at once
// if it has already. The call is made by a goroutine of Run and holds up the
// other connections: gone must not block.
//
// The caller calls stop when it no longer wants to know, in every case, before
// or after it closes c; more calls do nothing. After stop has returned, gone is
// not called any more, unless the call was already under way.
func (w *Watcher) Watch(c *Conn, gone func()) (stop func()) {
	// The key is never used again, unlike a descriptor's number: an event that
	// comes late finds nothing instead of a newer connection.
	w.mu.Lock()
	w.lastKey++
	key := w.lastKey
	w.watched[key] = gone
	w.mu.Unlock()

	remove := w.events.remove
	if !w.events.add(c, key) {
		w.polled.add(c, key)
		remove = w.polled.remove
	}
	return sync.OnceFunc(func() {
		w.take(key)
		remove(c, key)
	})
}

// fire calls the gone function of key, unless it was stopped or called before.
func (w *Watcher) fire(key uint64) {
	if gone := w.take(key); gone != nil {
		gone()
	}
}

func (w *Watcher) take(key uint64) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := w.watched[key]
	delete(w.watched, key)
	return gone
}
