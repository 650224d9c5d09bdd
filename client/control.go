package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Status asks the daemon how it is; it answers while it loads, too. Only the
// daemon's own user, and root, may ask. An empty dir means the places where
// the user's daemon can be.
func Status(ctx context.Context, dir string) (*wire.ControlStatus, error) {
	reply, err := command(ctx, dir, wire.CmdStatus)
	if err != nil {
		return nil, err
	}
	if reply.Status == nil {
		return nil, errors.New("the daemon answered status without one")
	}
	return reply.Status, nil
}

// Drain tells the daemon to stop: it takes no new requests, finishes the
// running ones within its drain time, and exits. Drain returns when the daemon
// has agreed; Watch ends when it is gone.
func Drain(ctx context.Context, dir string) error {
	_, err := command(ctx, dir, wire.CmdDrain)
	return err
}

// Reload tells the daemon to read its configuration again, and says what became
// of it. That the new one has problems is no error: they are in the answer.
func Reload(ctx context.Context, dir string) (*wire.ControlReload, error) {
	reply, err := command(ctx, dir, wire.CmdReload)
	if err != nil {
		return nil, err
	}
	if reply.Reload == nil {
		return nil, errors.New("the daemon answered reload without saying what became of it")
	}
	return reply.Reload, nil
}

// command sends one command on a connection of its own and returns the last
// reply.
func command(ctx context.Context, dir, cmd string) (wire.ControlReply, error) {
	raw, err := dialAny(ctx, dirsOr(dir), transport.Control)
	if err != nil {
		return wire.ControlReply{}, err
	}
	c := newConn(raw, nil)
	disarm := c.closeWith(ctx)
	defer func() {
		disarm()
		c.close()
	}()
	reply, err := c.command(wire.ControlRequest{Cmd: cmd})
	switch {
	case err == nil:
		return reply, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return wire.ControlReply{}, fmt.Errorf("ask the daemon for %s: %w", cmd, err)
}

func (c *conn) command(request wire.ControlRequest) (wire.ControlReply, error) {
	if _, err := c.Write(request.Append(nil)); err != nil {
		return wire.ControlReply{}, err
	}
	for {
		raw, err := c.next()
		if err != nil {
			return wire.ControlReply{}, err
		}
		reply, err := wire.DecodeControlReply(raw)
		if err != nil {
			return wire.ControlReply{}, err
		}
		if reply.Error != nil {
			return wire.ControlReply{}, &ServerError{Code: reply.Error.Code, Message: reply.Error.Message}
		}
		if reply.Final {
			return reply, nil
		}
	}
}
