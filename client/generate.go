package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/inferd/inferd/wire"
)

// Generate sends a request and returns its frames as they come.
//
// The sequence yields every frame of the request. Its last step is either the
// terminal frame or an error; an error frame is both: it comes with a
// *ServerError beside it, so that a loop that checks the error misses nothing.
// A connection that ends before the terminal frame is an error that wraps
// io.ErrUnexpectedEOF. When ctx ends, so does the sequence, with the cause of
// ctx. Leaving the loop early cancels the request.
//
// The request is sent when the sequence is ranged over, each time anew.
func (c *Client) Generate(ctx context.Context, req *wire.V1Request) iter.Seq2[wire.V1Response, error] {
	return func(yield func(wire.V1Response, error) bool) {
		x, err := c.send(ctx, req)
		if err != nil {
			yield(nil, err)
			return
		}
		defer x.end()
		for {
			frame, err := x.next()
			if !yield(frame, err) || err != nil || frame.Terminal() {
				return
			}
		}
	}
}

// Complete asks for a whole answer at once. A request that the daemon refuses
// or cannot finish is a *ServerError.
func (c *Client) Complete(ctx context.Context, req *wire.V1Request) (*wire.V1Done, error) {
	whole, stream := *req, false
	whole.Stream = &stream
	for frame, err := range c.Generate(ctx, &whole) {
		if err != nil {
			return nil, err
		}
		if done, ok := frame.(*wire.V1Done); ok {
			return done, nil
		}
	}
	return nil, errNoTerminal
}

var errNoTerminal = fmt.Errorf("connection ended without a terminal frame: %w", io.ErrUnexpectedEOF)

// exchange is one request on its connection.
type exchange struct {
	client *Client
	ctx    context.Context //nolint:containedctx // its lifetime is the request
	conn   *conn
	id     string
	// disarm calls off the close that the end of ctx would cause.
	disarm func() bool
	// sendErr is why the request could not be written as a whole. The daemon
	// may still have said what it did not like, so that is read first.
	sendErr error
	// finished says that the terminal frame was read.
	finished bool
}

// send writes the request to a connection of its own.
func (c *Client) send(ctx context.Context, req *wire.V1Request) (*exchange, error) {
	frame := req.Append(nil)
	if len(frame)-1 > wire.MaxFrame {
		return nil, fmt.Errorf("send request of %d bytes, allowed are %d: %w", len(frame)-1, wire.MaxFrame, wire.ErrFrameTooLarge)
	}
	for {
		if ctx.Err() != nil {
			return nil, stopped(ctx)
		}
		conn, err := c.take(ctx)
		if err != nil {
			return nil, err
		}
		x := &exchange{client: c, ctx: ctx, conn: conn, id: req.ID, disarm: conn.closeWith(ctx)}
		n, err := conn.Write(frame)
		if err == nil {
			return x, nil
		}
		if n == 0 && conn.used && ctx.Err() == nil {
			// A daemon that stopped has closed the connections that were kept:
			// none of the request was sent, so another may carry it.
			x.end()
			continue
		}
		x.sendErr = err
		return x, nil
	}
}

// next returns the next frame. Beside an error there is one only if it is an
// error frame.
func (x *exchange) next() (wire.V1Response, error) {
	raw, err := x.conn.frames.Next()
	if err != nil {
		return nil, x.readError(err)
	}
	frame, err := wire.DecodeV1Response(raw)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	refusal, refused := frame.(*wire.V1Error)
	// The daemon answers what it could not read with an empty id.
	if frame.RequestID() != x.id && (!refused || refusal.ID != "") {
		return nil, fmt.Errorf("read answer: frame is for request %q, this one is %q", frame.RequestID(), x.id)
	}
	if refused {
		// It closes the connection after such an answer.
		x.finished = refusal.ID != ""
		return frame, &ServerError{Code: refusal.Code, Message: refusal.Message}
	}
	x.finished = frame.Terminal()
	return frame, nil
}

// readError says why no frame came.
func (x *exchange) readError(err error) error {
	switch {
	case x.ctx.Err() != nil:
		return stopped(x.ctx)
	case x.sendErr != nil:
		return fmt.Errorf("send request: %w", x.sendErr)
	case errors.Is(err, io.EOF):
		return errNoTerminal
	}
	return fmt.Errorf("read answer: %w", err)
}

// end gives the connection back, or closes it where the request is not over:
// that is how the daemon learns that nobody waits for it.
func (x *exchange) end() {
	if x.disarm() && x.finished && x.sendErr == nil {
		x.conn.used = true
		x.client.put(x.conn)
		return
	}
	x.conn.close()
}

// stopped is the error of a request whose context has ended.
func stopped(ctx context.Context) error {
	return fmt.Errorf("request stopped: %w", context.Cause(ctx))
}
