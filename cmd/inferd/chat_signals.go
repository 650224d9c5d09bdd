package main

import (
	"context"
	"errors"
	"os"
	"sync"
)

// errCancelled is the cause of an answer that was cancelled with Ctrl-C.
var errCancelled = errors.New("cancelled")

// chatSignals is what signals mean in a chat: Ctrl-C ends the answer that is
// being written, any other signal the chat. It is safe for concurrent use.
type chatSignals struct {
	// mu guards the fields below.
	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the answer that is being written
}

// during runs a chat. At a terminal, Ctrl-C between two answers does nothing:
// it came too late for the one before.
func (s *chatSignals) during(ctx context.Context, p *program, terminal bool, chat func(context.Context) error) error {
	ctx, end := context.WithCancelCause(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for {
			select {
			case sig := <-p.signals:
				switch {
				case terminal && sig == os.Interrupt:
					s.cancelAnswer()
				default:
					end(interrupted{sig})
				}
			case <-ctx.Done():
				return
			}
		}
	})
	err := chat(ctx)
	end(nil)
	waiting.Wait()
	return err
}

// answering returns the context of an answer, which Ctrl-C ends. done has to be
// called.
func (s *chatSignals) answering(ctx context.Context) (_ context.Context, cancel context.CancelCauseFunc, done func()) {
	ctx, cancel = context.WithCancelCause(ctx)
	s.set(cancel)
	return ctx, cancel, func() {
		s.set(nil)
		cancel(nil)
	}
}

func (s *chatSignals) set(cancel context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = cancel
}

func (s *chatSignals) cancelAnswer() {
	s.mu.Lock()
	cancel := s.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel(errCancelled)
	}
}
