package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

const (
	// idleExit is when a daemon that run has started stops by itself.
	idleExit = 5 * time.Minute
	// startPause is the time between two looks for a daemon that is starting.
	startPause = 20 * time.Millisecond
	// startInterval is the time between two starts, and maxStarts how many
	// there are: each further one means that another daemon held the lock
	// and did not answer, as one that is about to be gone does for a while.
	startInterval = 100 * time.Millisecond
	maxStarts     = 50
)

// starter connects to the daemon, and starts one where none is running.
type starter struct {
	program *program
	allowed bool
	starts  int
	started time.Time
	child   *child // the daemon that was started last, if any
	ours    bool   // it is the one that answers
}

// connect returns a client of a daemon that takes requests.
func (s *starter) connect(ctx context.Context) (*client.Client, error) {
	line := &progress{out: s.program.stderr}
	defer line.clear()
	for {
		c, err := client.Dial(ctx, client.Options{})
		switch {
		case err == nil:
			line.clear()
			s.settle(ctx)
			return c, nil
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case is[*client.NotReadyError](err):
			err = s.follow(ctx, line)
		case errors.Is(err, client.ErrNotRunning):
			err = s.start(ctx, line, err)
		}
		if err != nil {
			line.clear()
			s.giveUp(err)
			return nil, s.explain(err)
		}
	}
}

// follow waits while a daemon gets ready, or goes away.
func (s *starter) follow(ctx context.Context, line *progress) error {
	for event, err := range client.Watch(ctx, "") {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return nil // it is gone: the next look says so
		}
		line.event(event)
		switch e := event.(type) {
		case wire.Ready:
			return nil
		case wire.Failed:
			return &client.FailedError{Reason: e.Reason}
		}
	}
	return nil
}

// start starts a daemon, or waits a moment for the one that is starting.
func (s *starter) start(ctx context.Context, line *progress, absent error) error {
	if !s.allowed {
		return absent
	}
	if s.child != nil && s.child.hasEnded() {
		if s.child.code() != exitRunning || s.starts == maxStarts {
			return s.child.failure()
		}
		// Another one was faster: it will answer, or is about to be gone.
		s.child = nil
	}
	if s.child != nil || time.Since(s.started) < startInterval {
		return pause(ctx)
	}
	line.show("starting the daemon")
	var err error
	s.child, err = s.program.startDaemon()
	s.started = time.Now()
	s.starts++
	return err
}

// pause waits a moment.
func pause(ctx context.Context) error {
	select {
	case <-time.After(startPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle says that there is a new process on this machine, where it is the one
// that answers. Of daemons that start at once all but one give way; ours is made
// to, since it may not have looked yet, and would find a lock that is free again
// when the other one is stopped.
func (s *starter) settle(ctx context.Context) {
	if s.child == nil {
		return
	}
	status, err := client.Status(ctx, "")
	switch {
	case err != nil:
	case status.PID != s.child.pid:
		_ = s.child.end()
	default:
		s.ours = true
		fmt.Fprintf(s.program.stderr, "inferd: started the daemon (pid %d); it stops after %d idle minutes\n",
			s.child.pid, int(idleExit.Minutes()))
	}
}

// giveUp decides about a daemon that is still starting. Ctrl-C is meant for it
// too; where only the time was over, the next command may find it ready.
func (s *starter) giveUp(err error) {
	if s.child == nil || s.child.hasEnded() {
		return
	}
	if is[interrupted](err) {
		_ = s.child.end()
	} else if errors.Is(err, errTimeout) {
		fmt.Fprintf(s.program.stderr, "inferd: the daemon (pid %d) goes on starting; `inferd watch` shows how\n", s.child.pid)
	}
}

// explain gives the reason of a daemon that could not start together with its
// exit code, which it is about to end with.
func (s *starter) explain(err error) error {
	if !is[*client.FailedError](err) || s.child == nil {
		return err
	}
	select {
	case <-s.child.ended:
		if s.child.code() != exitRunning { // then it was another one that failed
			return s.child.failure()
		}
	case <-time.After(askTimeout):
	}
	return err
}

// stop stops the daemon that this command has started, and waits for its end.
func (s *starter) stop(ctx context.Context) error {
	if s.child == nil || s.child.hasEnded() {
		return nil
	}
	if s.ours && client.Drain(ctx, "") == nil {
		return s.child.await()
	}
	return s.child.end()
}
