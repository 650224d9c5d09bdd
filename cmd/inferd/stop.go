package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/client"
)

// stopTimeout is the default of stop: the default drain timeout, and what the
// rest of a stop may take.
const stopTimeout = 40 * time.Second

func newStopCommand(p *program) *cobra.Command {
	timeout := stopTimeout
	cmd := &cobra.Command{
		Use:     "stop",
		GroupID: groupDaemon,
		Short:   "Stop the running daemon",
		Long: `Tell the running daemon to stop, and wait until it is gone. It takes no new
requests and finishes the running ones within its drain timeout. Where none is
running there is nothing to do, and the exit code is 0.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), timeout, func(ctx context.Context) error {
				return runStop(ctx, p)
			})
		},
	}
	cmd.Flags().Var(durationValue{&timeout}, "timeout", "how long to wait, 0 for ever")
	return cmd
}

func runStop(ctx context.Context, p *program) error {
	s, err := client.Status(ctx, "")
	if errors.Is(err, client.ErrNotRunning) {
		fmt.Fprintln(p.stderr, "no daemon is running")
		return nil
	}
	if err != nil {
		return err
	}
	if err := client.Drain(ctx, ""); err != nil {
		return err
	}
	if err := awaitGone(ctx, s.PID); err != nil {
		return &failure{
			err:  fmt.Errorf("wait for the daemon (pid %d) to stop: %w", s.PID, err),
			hint: fmt.Sprintf("it finishes running requests first; `kill %d`, twice, stops it at once", s.PID),
		}
	}
	fmt.Fprintf(p.stderr, "stopped the daemon (pid %d)\n", s.PID)
	return nil
}

// goneCheck is how often a process that is about to end is looked at.
const goneCheck = 10 * time.Millisecond

// awaitGone waits until a daemon has closed its sockets and its process has
// ended.
func awaitGone(ctx context.Context, pid int) error {
	for _, err := range client.Watch(ctx, "") {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			break // it was gone before it could be watched
		}
	}
	for alive(pid) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(goneCheck):
		}
	}
	return nil
}
