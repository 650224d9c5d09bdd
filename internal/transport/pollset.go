package transport

import (
	"context"
	"sync"
	"time"
)

// pollInterval is how often polled connections are looked at: often enough
// for the 100 ms within which a departure is to be noticed.
const pollInterval = 50 * time.Millisecond

// pollSet watches connections by asking after each, on systems (and for
// connections) that can't be waited for. While it is empty it does nothing.
type pollSet struct {
	hungUp func(*Conn) bool
	wake   chan struct{} // holds one token after an add

	// mu guards the fields below.
	mu    sync.Mutex
	conns map[uint64]*Conn
}

func newPollSet(hungUp func(*Conn) bool) *pollSet {
	return &pollSet{hungUp: hungUp, wake: make(chan struct{}, 1), conns: make(map[uint64]*Conn)}
}

func (p *pollSet) add(c *Conn, key uint64) {
	p.mu.Lock()
	p.conns[key] = c
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // one is enough
	}
}

func (p *pollSet) remove(_ *Conn, key uint64) {
	p.mu.Lock()
	delete(p.conns, key)
	p.mu.Unlock()
}

// run looks after the set until ctx ends.
func (p *pollSet) run(ctx context.Context, fire func(key uint64)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
			p.poll(ctx, fire)
		}
	}
}

// poll ticks until the set is empty.
func (p *pollSet) poll(ctx context.Context, fire func(key uint64)) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var all []polled
	for {
		all = p.snapshot(all[:0])
		if len(all) == 0 {
			return
		}
		for _, one := range all {
			if p.hungUp(one.conn) {
				p.remove(one.conn, one.key)
				fire(one.key)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// polled is a member of a pollSet.
type polled struct {
	key  uint64
	conn *Conn
}

func (p *pollSet) snapshot(into []polled) []polled {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, c := range p.conns {
		into = append(into, polled{key, c})
	}
	return into
}
