// Package status is the one place where the daemon's lifecycle state and its
// backends' capabilities live. Whoever changes them publishes an event to the
// Hub; whoever shows them takes a snapshot, or subscribes. The package knows
// no socket: it deals in encoded frames.
package status

import (
	"slices"
	"sync"

	"github.com/inferd/inferd/wire"
)

// Hub holds the present state and passes events on. Every subscriber sees the
// same events in the same order. It starts no goroutine and is safe for
// concurrent use.
type Hub struct {
	// mu guards the fields below, and those of every Subscription.
	mu          sync.Mutex
	state       wire.AdminEvent
	stateFrame  []byte
	caps        []wire.Capabilities // in the order of their first event
	capsFrames  [][]byte            // of caps
	subscribers map[*Subscription]struct{}
	failed      bool
	closed      bool
}

// NewHub returns an open hub whose state is wire.Starting.
func NewHub() *Hub {
	state := wire.Starting{}
	return &Hub{
		state:       state,
		stateFrame:  slices.Clip(state.Append(nil)),
		subscribers: make(map[*Subscription]struct{}),
	}
}

// Publish makes ev known: capabilities are kept by their backend's name, and
// any other event becomes the present state. After wire.Failed, which is
// the last word, and after Close, events are dropped.
func (h *Hub) Publish(ev wire.AdminEvent) {
	frame := slices.Clip(ev.Append(nil)) // shared: nobody may append to it
	h.mu.Lock()
	wake := h.publishLocked(ev, frame)
	h.mu.Unlock()
	for _, s := range wake {
		s.poke()
	}
}

func (h *Hub) publishLocked(ev wire.AdminEvent, frame []byte) []*Subscription {
	if h.failed || h.closed {
		return nil
	}
	switch ev := ev.(type) {
	case wire.Capabilities:
		h.keepLocked(ev, frame)
	default:
		_, h.failed = ev.(wire.Failed)
		h.state, h.stateFrame = ev, frame
	}
	wake := make([]*Subscription, 0, len(h.subscribers))
	for s := range h.subscribers {
		s.addLocked(frame)
		wake = append(wake, s)
	}
	return wake
}

// keepLocked keeps the capabilities of one backend, in its old place if it has one.
func (h *Hub) keepLocked(c wire.Capabilities, frame []byte) {
	for i := range h.caps {
		if h.caps[i].Backend == c.Backend {
			h.caps[i], h.capsFrames[i] = c, frame
			return
		}
	}
	h.caps = append(h.caps, c)
	h.capsFrames = append(h.capsFrames, frame)
}

// Keep forgets the capabilities of all backends but those named, and gives them
// their order.
func (h *Hub) Keep(names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	caps, frames := h.caps, h.capsFrames
	h.caps, h.capsFrames = nil, nil
	for _, name := range names {
		for i := range caps {
			if caps[i].Backend == name {
				h.caps, h.capsFrames = append(h.caps, caps[i]), append(h.capsFrames, frames[i])
			}
		}
	}
}

// Snapshot returns the present state and the capabilities of every backend
// known so far, in the order in which they became known.
func (h *Hub) Snapshot() (state wire.AdminEvent, caps []wire.Capabilities) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state, slices.Clone(h.caps)
}

// Subscribe returns a subscription that begins with the snapshot, one frame
// for each backend's capabilities and then one for the present state, and goes
// on with every event published after it. The caller closes it.
func (h *Hub) Subscribe() *Subscription {
	s := &Subscription{hub: h, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.pending = append(s.pending, h.capsFrames...)
	s.pending = append(s.pending, h.stateFrame)
	s.snapshot = len(s.pending)
	if h.closed {
		s.ended = true
	} else {
		h.subscribers[s] = struct{}{}
	}
	return s
}

// Close ends every subscription once it has handed out what is pending. It
// does not wait for that. Calls after the first do nothing.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	wake := make([]*Subscription, 0, len(h.subscribers))
	for s := range h.subscribers {
		s.ended = true
		wake = append(wake, s)
	}
	clear(h.subscribers)
	h.mu.Unlock()
	for _, s := range wake {
		s.poke()
	}
}
