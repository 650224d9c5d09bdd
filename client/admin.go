package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Watch returns the daemon's lifecycle events: the capabilities of each
// backend known so far, the present state, then every event as it happens.
// The sequence ends without an error when the daemon closes it, which it does
// when it exits and to a reader that falls far behind. Events of a kind that
// this version does not know are *wire.UnknownAdmin.
//
// An empty dir means the places where the user's daemon can be.
func Watch(ctx context.Context, dir string) iter.Seq2[wire.AdminEvent, error] {
	return watch(ctx, dirsOr(dir))
}

func watch(ctx context.Context, dirs []string) iter.Seq2[wire.AdminEvent, error] {
	return func(yield func(wire.AdminEvent, error) bool) {
		raw, err := dialAny(ctx, dirs, transport.Admin)
		if err != nil {
			yield(nil, err)
			return
		}
		c := newConn(raw, nil)
		disarm := c.closeWith(ctx)
		defer func() {
			disarm()
			c.close()
		}()
		for {
			event, err := nextEvent(ctx, c)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

func nextEvent(ctx context.Context, c *conn) (wire.AdminEvent, error) {
	raw, err := c.next()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("watch the daemon: %w", context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("watch the daemon: %w", err)
	}
	event, err := wire.DecodeAdminEvent(raw)
	if err != nil {
		return nil, fmt.Errorf("watch the daemon: %w", err)
	}
	return event, nil
}
