package client

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/inferd/inferd/internal/transport"
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

// dialWhenReady connects as soon as the daemon takes requests. The inference
// socket exists only while it does, and the admin socket says why it does not.
func (c *Client) dialWhenReady(ctx context.Context) (net.Conn, error) {
	for {
		conn, err := dialAny(ctx, c.dirs, transport.V1)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, unready(ctx)
		case !isNotRunning(err):
			return nil, err
		}
		if err := c.awaitReady(ctx); err != nil {
			return nil, err
		}
	}
}

// awaitReady returns when it is time for another try: the daemon has said that
// it is ready, or a moment has passed in which there was none.
func (c *Client) awaitReady(ctx context.Context) error {
	for event, err := range watch(ctx, c.dirs) {
		if err != nil {
			break
		}
		if c.onEvent != nil {
			c.onEvent(event)
		}
		switch e := event.(type) {
		case wire.Ready:
			return nil
		case wire.Failed:
			return &FailedError{Reason: e.Reason}
		}
	}
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

// whyNot says why there is no inference socket: the error of the daemon whose
// admin socket answers, or absent where none does. It is nil if that daemon is
// ready, so that the socket has just appeared.
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
