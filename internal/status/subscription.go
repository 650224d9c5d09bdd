package status

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// MaxBehind is how many frames, beside the snapshot, a subscriber may leave
// untaken before it is closed.
const MaxBehind = 256

// ErrSlow ends a subscription that fell more than MaxBehind frames behind.
var ErrSlow = errors.New("subscriber too far behind")

// Subscription is one subscriber's view of a Hub. Next is for one goroutine at
// a time; Close is safe from any.
type Subscription struct {
	hub *Hub
	// wake says that the fields below may have changed. It holds at most one
	// token, so that publishing never blocks.
	wake chan struct{}

	// The hub's mu guards the fields below.
	pending  [][]byte // frames, shared with the other subscribers
	snapshot int      // how many of pending are the snapshot
	slow     bool
	ended    bool // nothing more will come
}

// Next waits for frames and returns all that are pending, whole and in order,
// one after another in one slice, which the caller must not change. It returns
// io.EOF when the subscription or the hub is closed and nothing is pending,
// ErrSlow at once when the subscriber fell too far behind, and the cause
// of ctx when that ends first.
func (s *Subscription) Next(ctx context.Context) ([]byte, error) {
	for {
		frames, err := s.take()
		if err != nil {
			return nil, err
		}
		switch len(frames) {
		case 0:
		case 1:
			return frames[0], nil
		default:
			return bytes.Join(frames, nil), nil
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Close ends the subscription and drops what is pending. Calls after the
// first do nothing.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	delete(s.hub.subscribers, s)
	s.pending, s.ended = nil, true
	s.hub.mu.Unlock()
	s.poke()
}

func (s *Subscription) take() ([][]byte, error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	switch {
	case s.slow:
		return nil, ErrSlow
	case len(s.pending) == 0 && s.ended:
		return nil, io.EOF
	}
	frames := s.pending
	s.pending, s.snapshot = nil, 0
	return frames, nil
}

// addLocked appends a frame, or cuts off a subscriber that has no room for it.
func (s *Subscription) addLocked(frame []byte) {
	if len(s.pending)-s.snapshot < MaxBehind {
		s.pending = append(s.pending, frame)
		return
	}
	delete(s.hub.subscribers, s)
	s.pending, s.slow = nil, true
}

// poke wakes Next. It is called without the lock.
func (s *Subscription) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // a token is there already, and take reads the latest state
	}
}
