package client

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/inferd/inferd/wire"
)

const (
	// retryPause is the time between two looks for a daemon that is not there
	// yet: short beside its start, long beside a failed connect.
	retryPause = 20 * time.Millisecond
	// snapshotTimeout bounds the wait for the state of a daemon that accepts
	// a connection and then says nothing.
	snapshotTimeout = 2 * time.Second
)

// dialWhenReady connects as soon as the daemon takes requests. A surface's
// socket exists only while it is served, and the admin socket says why it is not.
func (c *Client) dialWhenReady(ctx context.Context, s *surface) (net.Conn, error) {
	for ready := false; ; {
		conn, err := dialAny(ctx, c.dirs, s.at)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, unready(ctx)
		case !isNotRunning(err):
			return nil, err
		}
		if ready {
			// It is going again, or this backend is the one that is not ready.
			if err := pause(ctx); err != nil {
				return nil, err
			}
		}
		if ready, err = c.awaitReady(ctx, s); err != nil {
			return nil, err
		}
	}
}

// awaitReady returns when it is time for another try: the daemon has said that
// it is ready, or a moment has passed in which there was none.
func (c *Client) awaitReady(ctx context.Context, s *surface) (ready bool, err error) {
	var backends []wire.Capabilities
	for event, err := range watch(ctx, c.dirs) {
		if err != nil {
			break
		}
		if c.onEvent != nil {
			c.onEvent(event)
		}
		switch e := event.(type) {
		case wire.Capabilities:
			backends = append(backends, e)
		case wire.Ready:
			if len(backends) > 0 && !slices.ContainsFunc(backends, s.servedBy) {
				return false, &UnservedError{What: s.serves}
			}
			return true, nil
		case wire.Failed:
			return false, &FailedError{Reason: e.Reason}
		}
	}
	return false, pause(ctx)
}

// pause waits a moment.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return unready(ctx)
	case <-time.After(retryPause):
		return nil
	}
}

func unready(ctx context.Context) error {
	return fmt.Errorf("wait for the daemon to be ready: %w", context.Cause(ctx))
}

// whyNot says why there is no socket for requests: the error of the daemon whose
// admin socket answers, or absent where none does. It is nil if that daemon is
// ready: then the socket has just appeared, or is not served.
func whyNot(ctx context.Context, dirs []string, absent error) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	for event, err := range watch(ctx, dirs) {
		if err != nil {
			break
		}
		switch e := event.(type) {
		case wire.Capabilities:
			// These come before the state.
		case wire.Ready:
			return nil
		case wire.Failed:
			return &FailedError{Reason: e.Reason}
		default:
			return &NotReadyError{State: event}
		}
	}
	return absent
}
