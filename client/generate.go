package client

import (
	"context"
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
	return c.stream(ctx, &textSurface, req.ID, req.Append)
}

// Complete asks for a whole answer at once. A request that the daemon refuses
// or cannot finish is a *ServerError.
func (c *Client) Complete(ctx context.Context, req *wire.V1Request) (*wire.V1Done, error) {
	whole, stream := *req, false
	whole.Stream = &stream
	return last[*wire.V1Done](c.Generate(ctx, &whole))
}
