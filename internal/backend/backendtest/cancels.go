package backendtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

func (s *suite) cancelledBeforeStart() {
	ctx, cancel := s.cancellable()
	cancel()
	c := s.start(ctx, s.Long, nil)
	c.forbid("its context had ended")
	c.wait().expectStop(wire.StopCancelled)
}

// cancelledInPrefill cancels at the first sign of progress, where the backend
// gives one before the text.
func (s *suite) cancelledInPrefill() {
	ctx, cancel := s.cancellable()
	long := with(s.Long, func(r *backend.Request) { r.Progress = true })
	s.generate(ctx, long, func(r *recorder) error {
		cancel()
		r.forbid("its context had ended")
		return nil
	}).expectStop(wire.StopCancelled)
}

func (s *suite) cancelledInStream() {
	ctx, cancel := s.cancellable()
	c := s.generate(ctx, s.Long, func(r *recorder) error {
		if len(r.pieces) >= 2 {
			cancel()
			r.forbid("its context had ended")
		}
		return nil
	}).expectStop(wire.StopCancelled)
	if c.result.Usage.PromptTokens == 0 || c.result.Usage.CompletionTokens == 0 {
		s.Errorf("usage %+v of an answer that had begun", c.result.Usage)
	}
	s.succeed(s.Request)
}

// cancelledAtAnyMoment lets contexts end by themselves, sooner and later, so
// that over the runs every stage is hit.
func (s *suite) cancelledAtAnyMoment() {
	for after := time.Microsecond; after < 50*time.Millisecond; after *= 2 {
		ctx, cancel := context.WithTimeout(s.Context(), after)
		s.generate(ctx, s.Long, nil).expectStop(wire.StopCancelled)
		cancel()
	}
	s.succeed(s.Request)
}

// cancelledWhileFull cancels a request that comes when every slot is held by
// another whose reader does not read.
func (s *suite) cancelledWhileFull() {
	release, holders := s.hold(max(1, s.Backend.Capabilities().Slots))
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Millisecond)
	defer cancel()
	s.generate(ctx, s.Long, nil).expectStop(wire.StopCancelled)
	release()
	for _, c := range holders {
		c.wait().expectStop(wire.StopCancelled)
	}
	s.succeed(s.Request)
}

// hold starts n long requests and blocks the emit of each. release cancels
// them all, and only then lets the emits return.
func (s *suite) hold(n int) (release func(), holders []*call) {
	s.Helper()
	ctx, cancel := s.cancellable()
	free, blocked := make(chan struct{}), make(chan struct{}, n)
	release = sync.OnceFunc(func() {
		cancel()
		close(free)
	})
	s.Cleanup(release)
	for range n {
		holders = append(holders, s.start(ctx, s.Long, func(r *recorder) error {
			blocked <- struct{}{}
			<-free
			r.forbid("its context had ended")
			return nil
		}))
	}
	for i := range n {
		select {
		case <-blocked:
		case <-time.After(s.patience):
			s.Fatalf("only %d of %d requests came to their first event while the others' readers were blocked", i, n)
		}
	}
	return release, holders
}

var errEmit = errors.New("the reader is gone")

func (s *suite) stopsWhenEmitFails() {
	for _, at := range []int{1, 3} {
		calls := 0
		c := s.generate(s.Context(), s.Long, func(*recorder) error {
			if calls++; calls == at {
				return errEmit
			}
			return nil
		})
		if !errors.Is(c.err, errEmit) {
			s.Errorf("emit failed at call %d: Generate returned %v, want emit's error", at, c.err)
		}
		if c.result.Usage.PromptTokens == 0 || c.result.Usage.CompletionTokens == 0 {
			s.Errorf("usage %+v of an answer that had begun", c.result.Usage)
		}
	}
	s.succeed(s.Request)
}
