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

// surface is where requests of one kind are served, and how.
type surface struct {
	at     transport.Surface
	serves string // for errors
	decode func([]byte) (wire.V1Response, error)
	// servedBy reports whether a backend is of use there.
	servedBy func(wire.Capabilities) bool
}

// The surfaces. A backend of an older daemon may generate text and say nothing
// else of itself.
var (
	textSurface = surface{transport.V1, "text", wire.DecodeV1Response, func(c wire.Capabilities) bool {
		return c.V2 || !c.Embed && !c.Rerank
	}}
	chatSurface   = surface{transport.V2, "chat", wire.DecodeV2Response, hasV2}
	framedSurface = surface{transport.Framed, "chat", wire.DecodeV2Response, hasV2}
	embedSurface  = surface{transport.Embed, "embeddings", wire.DecodeEmbedResponse, func(c wire.Capabilities) bool { return c.Embed }}
	rerankSurface = surface{transport.Rerank, "reranking", wire.DecodeRerankResponse, func(c wire.Capabilities) bool { return c.Rerank }}
)

func hasV2(c wire.Capabilities) bool { return c.V2 }

// stream sends a request and yields its frames, as Generate says.
func (c *Client) stream(
	ctx context.Context, s *surface, id string, write func(dst []byte) []byte,
) iter.Seq2[wire.V1Response, error] {
	return func(yield func(wire.V1Response, error) bool) {
		x, err := c.send(ctx, s, id, write(nil))
		if err != nil {
			yield(nil, err)
			return
		}
		defer x.end()
		for {
			frame, err := x.next(ctx)
			if !yield(frame, err) || err != nil || frame.Terminal() {
				return
			}
		}
	}
}

// last is the terminal frame of an answer.
func last[T wire.V1Response](frames iter.Seq2[wire.V1Response, error]) (T, error) {
	var none T
	for frame, err := range frames {
		if err != nil {
			return none, err
		}
		if done, ok := frame.(T); ok && frame.Terminal() {
			return done, nil
		}
	}
	return none, errNoTerminal
}

var errNoTerminal = fmt.Errorf("connection ended without a terminal frame: %w", io.ErrUnexpectedEOF)

// exchange is one request on its connection.
type exchange struct {
	client *Client
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
func (c *Client) send(ctx context.Context, s *surface, id string, frame []byte) (*exchange, error) {
	// On the framed surface there is more than one of them.
	if s.at != transport.Framed && len(frame)-1 > wire.MaxFrame {
		return nil, fmt.Errorf("send request of %d bytes, allowed are %d: %w", len(frame)-1, wire.MaxFrame, wire.ErrFrameTooLarge)
	}
	for {
		if ctx.Err() != nil {
			return nil, stopped(ctx)
		}
		conn, err := c.take(ctx, s)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, stopped(ctx)
		case err != nil:
			return nil, err
		}
		x := &exchange{client: c, conn: conn, id: id, disarm: conn.closeWith(ctx)}
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
func (x *exchange) next(ctx context.Context) (wire.V1Response, error) {
	raw, err := x.conn.next()
	if err != nil {
		return nil, x.readError(ctx, err)
	}
	frame, err := x.conn.surface.decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	refusal, refused := frame.(*wire.V1Error)
	// The daemon answers what it could not read with an empty id.
	if frame.RequestID() != x.id && (!refused || refusal.ID != "") {
		return nil, fmt.Errorf("read answer: frame is for request %q, this one is %q", frame.RequestID(), x.id)
	}
	if refused {
		// It closes the connection after such an answer. With lengths between
		// frames it does so after others, too, and does not say which.
		x.finished = refusal.ID != "" && x.conn.surface.at != transport.Framed
		return frame, &ServerError{Code: refusal.Code, Message: refusal.Message}
	}
	x.finished = frame.Terminal()
	return frame, nil
}

// readError says why no frame came.
func (x *exchange) readError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return stopped(ctx)
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
