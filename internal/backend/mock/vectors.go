package mock

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// Embed makes vectors from the script. See backend.Backend.
func (b *Backend) Embed(ctx context.Context, req *backend.EmbedRequest) (backend.EmbedResult, error) {
	var result backend.EmbedResult
	if err := b.begin(ctx, b.config.Dimensions > 0, backend.ErrNoEmbed); err != nil {
		return result, err
	}
	for i, text := range req.Input {
		n := len(strings.Fields(text))
		if room := b.config.ContextTokens; room > 0 && n > room {
			return result, backend.Errorf(backend.Invalid, "input[%d] has %d tokens: allowed are the window's %d", i, n, room)
		}
		vector := vectorOf(text, b.config.Dimensions)
		if i < len(b.config.Vectors) {
			vector = slices.Clone(b.config.Vectors[i])
		}
		if req.Dimensions > 0 && req.Dimensions < len(vector) {
			vector = vector[:req.Dimensions]
		}
		result.Vectors = append(result.Vectors, normalised(vector))
		result.InputTokens += n
	}
	return result, nil
}

// Rerank scores from the script. See backend.Backend.
func (b *Backend) Rerank(ctx context.Context, req *backend.RerankRequest) (backend.RerankResult, error) {
	var result backend.RerankResult
	if err := b.begin(ctx, b.config.Rerank, backend.ErrNoRerank); err != nil {
		return result, err
	}
	query := strings.Fields(strings.ToLower(req.Query))
	for _, document := range req.Documents {
		words := strings.Fields(strings.ToLower(document))
		score := float32(0)
		for _, w := range words {
			if slices.Contains(query, w) {
				score++
			}
		}
		result.Scores = append(result.Scores, score)
		result.InputTokens += len(query) + len(words)
	}
	return result, nil
}

// begin is what comes before any vector or score: the script's delay, and its
// failure.
func (b *Backend) begin(ctx context.Context, able bool, unable func() error) error {
	switch {
	case !able:
		return unable()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !b.Ready():
		return backend.Errorf(backend.Unavailable, wire.MsgBackendNotReady)
	}
	pause(ctx, b.config.FirstDelay)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if b.config.FailBefore {
		return backend.Errorf(b.config.FailKind, "scripted failure")
	}
	return nil
}

// vectorOf makes numbers of a text.
func vectorOf(text string, size int) []float32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // a hash takes everything
	r := rand.New(rand.NewPCG(h.Sum64(), 0))
	vector := make([]float32, size)
	for i := range vector {
		vector[i] = float32(r.NormFloat64())
	}
	return vector
}

// normalised gives a vector the length 1; one of zeros stays.
func normalised(vector []float32) []float32 {
	sum := 0.0
	for _, v := range vector {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return vector
	}
	for i := range vector {
		vector[i] = float32(float64(vector[i]) / math.Sqrt(sum))
	}
	return vector
}
