package client

import (
	"context"

	"github.com/inferd/inferd/wire"
)

// Embed returns the vectors of texts, in their order. A daemon that makes none
// is an *UnservedError, a request that it refuses a *ServerError.
func (c *Client) Embed(ctx context.Context, req *wire.EmbedRequest) (*wire.Embeddings, error) {
	return last[*wire.Embeddings](c.stream(ctx, &embedSurface, req.ID, req.Append))
}

// Rerank returns how well documents answer a query, the best first. A daemon
// that does not is an *UnservedError, a request that it refuses a *ServerError.
func (c *Client) Rerank(ctx context.Context, req *wire.RerankRequest) (*wire.Reranked, error) {
	return last[*wire.Reranked](c.stream(ctx, &rerankSurface, req.ID, req.Append))
}
