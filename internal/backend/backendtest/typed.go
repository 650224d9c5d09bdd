package backendtest

import (
	"context"
	"errors"
	"math"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// answersTyped sends typed content; recorder checks what comes of it.
func (s *suite) answersTyped() {
	if !s.Backend.Capabilities().V2 {
		s.Log("this backend takes no typed content")
		return
	}
	if s.Typed == nil {
		s.Fatalf("the backend takes typed content, and the subject has no request for it")
	}
	c := s.succeed(s.Typed)
	if c.result.Usage.PromptTokens == 0 || len(c.pieces)+len(c.thoughts)+len(c.calls) == 0 {
		s.Errorf("usage %+v, and nothing came", c.result.Usage)
	}
	if s.Repeatable {
		s.expectSame(c, s.succeed(s.Typed))
	}
}

// near is how much numbers may differ that should be the same.
const near = 1e-4

// embeds checks vectors: of length 1, and the same whatever is beside them.
func (s *suite) embeds() {
	caps := s.Backend.Capabilities()
	texts := []string{"a first text", "another, longer text about something else", "x"}
	if !caps.Embed {
		_, err := s.Backend.Embed(s.Context(), &backend.EmbedRequest{Input: texts})
		s.expectUnsupported(err, wire.CodeEmbedUnsupported)
		return
	}
	all := s.embed(texts...)
	for i, v := range all {
		if caps.EmbedSize > 0 && len(v) != caps.EmbedSize {
			s.Errorf("a vector has %d numbers, the capabilities say %d", len(v), caps.EmbedSize)
		}
		if length := lengthOf(v); math.Abs(length-1) > near {
			s.Errorf("vector %d has the length %v", i, length)
		}
		s.expectNear("alone and among others", v, s.embed(texts[i])[0])
	}
	turned := s.embed(texts[2], texts[0], texts[1])
	s.expectNear("in another order", all[0], turned[1])
	_, err := s.Backend.Embed(s.ended(), &backend.EmbedRequest{Input: texts})
	s.expectCause(err)
}

func (s *suite) embed(texts ...string) [][]float32 {
	s.Helper()
	result, err := s.Backend.Embed(s.Context(), &backend.EmbedRequest{Input: texts})
	if err != nil {
		s.Fatalf("embed: %v", err)
	}
	if len(result.Vectors) != len(texts) || result.InputTokens < len(texts) {
		s.Fatalf("%d vectors of %d tokens for %d texts", len(result.Vectors), result.InputTokens, len(texts))
	}
	return result.Vectors
}

// reranks checks scores: the same whatever is beside them.
func (s *suite) reranks() {
	documents := []string{"a first document", "the query, word by word", "x"}
	if !s.Backend.Capabilities().Rerank {
		_, err := s.Backend.Rerank(s.Context(), &backend.RerankRequest{Query: "q", Documents: documents})
		s.expectUnsupported(err, wire.CodeRerankUnsupported)
		return
	}
	all := s.rerank(documents...)
	for i := range documents {
		s.expectNear("alone and among others", all[i:i+1], s.rerank(documents[i]))
	}
	turned := s.rerank(documents[2], documents[0], documents[1])
	s.expectNear("in another order", all[:2], turned[1:])
	_, err := s.Backend.Rerank(s.ended(), &backend.RerankRequest{Query: "q", Documents: documents})
	s.expectCause(err)
}

func (s *suite) rerank(documents ...string) []float32 {
	s.Helper()
	result, err := s.Backend.Rerank(s.Context(), &backend.RerankRequest{Query: "the query", Documents: documents})
	if err != nil {
		s.Fatalf("rerank: %v", err)
	}
	if len(result.Scores) != len(documents) || result.InputTokens < len(documents) || !wire.Finite(result.Scores) {
		s.Fatalf("scores %v of %d tokens for %d documents", result.Scores, result.InputTokens, len(documents))
	}
	return result.Scores
}

func (s *suite) expectUnsupported(err error, code wire.Code) {
	s.Helper()
	if failure, ok := errors.AsType[*backend.Error](err); !ok || failure.Kind != backend.Invalid || failure.Code != code {
		s.Errorf("error %v, want one of kind %v with the code %s", err, backend.Invalid, code)
	}
}

func (s *suite) expectNear(when string, want, got []float32) {
	s.Helper()
	if len(want) != len(got) {
		s.Errorf("%s: %d numbers, and %d", when, len(want), len(got))
		return
	}
	for i := range want {
		if d := math.Abs(float64(want[i] - got[i])); !(d <= near) {
			s.Errorf("%s: number %d differs by %v", when, i, d)
			return
		}
	}
}

var errEnded = errors.New("the test ended it")

// ended is a context that has ended.
func (s *suite) ended() context.Context {
	ctx, cancel := context.WithCancelCause(s.Context())
	cancel(errEnded)
	return ctx
}

func (s *suite) expectCause(err error) {
	s.Helper()
	if !errors.Is(err, errEnded) {
		s.Errorf("error %v of a context that had ended, want its cause", err)
	}
}

func lengthOf(vector []float32) float64 {
	sum := 0.0
	for _, v := range vector {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
