package local

import (
	"context"
	"errors"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/proto"
)

// readable adds what the model reads texts for.
func readable(c *backend.Capabilities, r proto.Ready) {
	c.Embed, c.Rerank = r.Embedding != nil, r.Reranking != nil
	window := 0
	if r.Reranking != nil {
		window = r.Reranking.Window
	}
	if r.Embedding != nil {
		c.EmbedSize, c.EmbedSizes = r.Embedding.Size, r.Embedding.Sizes
		window = r.Embedding.Window
	}
	if !c.Generate && window > 0 {
		c.ContextTokens = window
	}
}

// Embed implements backend.Backend.
func (b *Backend) Embed(ctx context.Context, req *backend.EmbedRequest) (backend.EmbedResult, error) {
	switch {
	case !b.Capabilities().Embed:
		return backend.EmbedResult{}, backend.ErrNoEmbed()
	case ctx.Err() != nil:
		return backend.EmbedResult{}, context.Cause(ctx)
	}
	vectors, end, err := b.engine.Embed(ctx, proto.Embed{Input: req.Input, Dimensions: req.Dimensions, Task: req.Task})
	r := backend.EmbedResult{Vectors: vectors, InputTokens: end.Usage.PromptTokens}
	return r, failure(ctx, end, err)
}

// Rerank implements backend.Backend.
func (b *Backend) Rerank(ctx context.Context, req *backend.RerankRequest) (backend.RerankResult, error) {
	switch {
	case !b.Capabilities().Rerank:
		return backend.RerankResult{}, backend.ErrNoRerank()
	case ctx.Err() != nil:
		return backend.RerankResult{}, context.Cause(ctx)
	}
	vectors, end, err := b.engine.Rerank(ctx, proto.Rerank{Query: req.Query, Documents: req.Documents})
	r := backend.RerankResult{InputTokens: end.Usage.PromptTokens}
	for _, v := range vectors {
		r.Scores = append(r.Scores, v[0])
	}
	return r, failure(ctx, end, err)
}

// failure is why texts could not be read; nil where they were.
func failure(ctx context.Context, end proto.End, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, engine.ErrDown):
		return down(err)
	case err != nil:
		return err
	case end.Error != "" && end.Invalid:
		return &backend.Error{Kind: backend.Invalid, Message: end.Error}
	case end.Error != "":
		return &backend.Error{Kind: backend.Unavailable, Message: end.Error}
	}
	return nil
}
