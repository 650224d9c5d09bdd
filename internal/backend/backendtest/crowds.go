package backendtest

import (
	"time"

	"github.com/inferd/inferd/wire"
)

// crowd is how many requests run at once.
const crowd = 8

func (s *suite) blockedEmitHoldsUpNobody() {
	if s.Backend.Capabilities().Slots == 1 {
		s.Log("this backend has one slot: there is nobody to hold up")
		return
	}
	release, holders := s.hold(1)
	c := s.start(s.Context(), s.Request, nil)
	select {
	case <-c.done:
	case <-time.After(s.patience):
		s.Error("a request does not end while another's reader is blocked")
	}
	release()
	c.wait().expectStop(wire.StopEnd, wire.StopLength)
	for _, h := range holders {
		h.wait().expectStop(wire.StopCancelled)
	}
}

func (s *suite) servesManyAtOnce() {
	alone := s.succeed(s.Request)
	var calls []*call
	for range crowd {
		calls = append(calls, s.start(s.Context(), s.Request, nil))
	}
	for _, c := range calls {
		c.wait().expectStop(wire.StopEnd, wire.StopLength)
		if s.Repeatable {
			s.expectSame(alone, c)
		}
	}
}

// leavesNothingBehind ends requests in every way and then looks for goroutines
// that the first, quiet one had not left.
func (s *suite) leavesNothingBehind() {
	s.succeed(s.Request)
	before := goroutines()
	s.succeed(s.Request)
	s.cancelledBeforeStart()
	s.cancelledInStream()
	s.stopsWhenEmitFails()
	s.servesManyAtOnce()
	if s.Invalid != nil {
		s.refusesInvalid()
	}
	expectNoneSince(s, before, s.patience)
}
