package main

import (
	"context"
	"errors"
	"os/signal"
	"sync"
	"time"
)

var errTimeout = errors.New("the time given with --timeout is over")

// interruptible runs a client command with a context that ends at the first
// signal, or after the timeout where that is not 0. A second signal ends the
// process at once.
func (p *program) interruptible(ctx context.Context, timeout time.Duration, command func(context.Context) error) error {
	if timeout > 0 {
		var expire context.CancelFunc
		ctx, expire = context.WithTimeoutCause(ctx, timeout, errTimeout)
		defer expire()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case s := <-p.signals:
			signal.Reset()
			cancel(interrupted{s})
		case <-ctx.Done():
		}
	})
	err := command(ctx)
	cancel(nil)
	waiting.Wait()
	return err
}
