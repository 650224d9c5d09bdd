package backendtest

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
)

// vectors is a mock that embeds and reranks, with its answers changed.
type vectors struct {
	*mock.Backend
	changeVectors func(*backend.EmbedRequest, *backend.EmbedResult)
	changeScores  func(*backend.RerankRequest, *backend.RerankResult)
	deaf          bool
}

func (v *vectors) Embed(ctx context.Context, req *backend.EmbedRequest) (backend.EmbedResult, error) {
	if v.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	r, err := v.Backend.Embed(ctx, req)
	if v.changeVectors != nil {
		v.changeVectors(req, &r)
	}
	return r, err
}

func (v *vectors) Rerank(ctx context.Context, req *backend.RerankRequest) (backend.RerankResult, error) {
	if v.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	r, err := v.Backend.Rerank(ctx, req)
	if v.changeScores != nil {
		v.changeScores(req, &r)
	}
	return r, err
}

// beside changes what it is given where there is something beside it.
func beside(list []float32, n int) {
	if n > 1 {
		list[0] += 0.5
	}
}

func TestSuite_CatchesFaultsOfVectorsAndScores(t *testing.T) {
	for fault, tt := range map[string]struct {
		check, says string
		backend     vectors
	}{
		"none": {"Embeds", "", vectors{}},
		"too few vectors": {"Embeds", "2 vectors", vectors{changeVectors: func(_ *backend.EmbedRequest, r *backend.EmbedResult) {
			r.Vectors = r.Vectors[:min(2, len(r.Vectors))]
		}}},
		"no tokens": {"Embeds", "of 0 tokens", vectors{changeVectors: func(_ *backend.EmbedRequest, r *backend.EmbedResult) { r.InputTokens = 0 }}},
		"not normalised": {"Embeds", "has the length", vectors{changeVectors: func(_ *backend.EmbedRequest, r *backend.EmbedResult) {
			for _, v := range r.Vectors {
				v[0]++
			}
		}}},
		"another size": {"Embeds", "the capabilities say 4", vectors{changeVectors: func(_ *backend.EmbedRequest, r *backend.EmbedResult) {
			for i := range r.Vectors {
				r.Vectors[i] = append(r.Vectors[i], 0)
			}
		}}},
		"neighbours matter": {"Embeds", "alone and among others", vectors{changeVectors: func(_ *backend.EmbedRequest, r *backend.EmbedResult) {
			if len(r.Vectors) > 0 {
				beside(r.Vectors[0], len(r.Vectors))
			}
		}}},
		"deaf embedding":   {"Embeds", "want its cause", vectors{deaf: true}},
		"deaf reranking":   {"Reranks", "want its cause", vectors{deaf: true}},
		"scores of others": {"Reranks", "alone and among others", vectors{changeScores: func(_ *backend.RerankRequest, r *backend.RerankResult) { beside(r.Scores, len(r.Scores)) }}},
		"too many scores":  {"Reranks", "scores", vectors{changeScores: func(_ *backend.RerankRequest, r *backend.RerankResult) { r.Scores = append(r.Scores, 1) }}},
	} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.backend
				b.Backend = mock.New(mock.Config{Dimensions: 4, Rerank: true})
				complaints := judge(t, tt.check, &b)
				if !strings.Contains(complaints, tt.says) || tt.says == "" && complaints != "" {
					t.Errorf("%s said %q, want %q in it", tt.check, complaints, tt.says)
				}
			})
		})
	}
}

func TestSuite_CatchesWrongRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &vectors{Backend: mock.New(mock.Config{Dimensions: 4, Rerank: true})}
		f := &unable{b}
		for _, check := range []string{"Embeds", "Reranks"} {
			if complaints := judge(t, check, f); !strings.Contains(complaints, "with the code") {
				t.Errorf("%s said %q", check, complaints)
			}
		}
	})
}

// unable says that it can't, and does.
type unable struct{ *vectors }

func (*unable) Capabilities() backend.Capabilities { return backend.Capabilities{Generate: true} }

func TestSuite_CatchesFaultsOfTypedAnswers(t *testing.T) {
	also := func(e backend.Event) func(*faulty) {
		return onEvent(func(was backend.Event) []backend.Event { return []backend.Event{was, e} })
	}
	call := func(id, name, input string) backend.Event {
		return backend.Event{Kind: backend.EventToolUse, Call: &backend.ToolCall{ID: id, Name: name, Input: []byte(input)}}
	}
	for fault, tt := range map[string]struct {
		check, says string
		damage      func(*faulty)
	}{
		"thinking in plain text": {"Answers", "without a Chat", also(backend.Event{Kind: backend.EventThinking, Text: "hm"})},
		"empty thinking":         {"AnswersTyped", `thinking ""`, also(backend.Event{Kind: backend.EventThinking})},
		"a call in plain text":   {"Answers", "tool call", also(call("1", "f", "{}"))},
		"a call of nothing":      {"AnswersTyped", "tool call <nil>", also(backend.Event{Kind: backend.EventToolUse})},
		"an unknown tool":        {"AnswersTyped", `of "g"`, also(call("1", "g", "{}"))},
		"half a call":            {"AnswersTyped", "a JSON object", also(call("1", "f", `{"a":`))},
		"a call of null":         {"AnswersTyped", "a JSON object", also(call("1", "f", "null"))},
		"a call without an id":   {"AnswersTyped", "want an id", also(call("", "f", "{}"))},
		"one id twice":           {"AnswersTyped", "two tool calls", also(call("1", "f", "{}"))},
		"nothing at all":         {"AnswersTyped", "nothing came", onEvent(func(backend.Event) []backend.Event { return nil })},
		"another answer":         {"AnswersTyped", "two answers", onEvent(numbered())},
	} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if complaints := judge(t, tt.check, newFaulty(tt.damage)); !strings.Contains(complaints, tt.says) {
					t.Errorf("%s said %q, want %q in it", tt.check, complaints, tt.says)
				}
			})
		})
	}
}
