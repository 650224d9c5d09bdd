package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
)

// writtenModel writes a model with the built-in one's vocabulary.
func writtenModel(t *testing.T, c gguf.ModelConfig) string {
	t.Helper()
	own, err := gguf.Parse(model.GGUF)
	if err != nil {
		t.Fatal(err)
	}
	c.TokenizerFrom = own
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, c); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEmbed_AModelForVectorsOnly(t *testing.T) {
	path := writtenModel(t, gguf.EmbedModel())
	b := start(t, func(c *Config) { c.Model, c.Options.Embed = path, &Reading{Window: 100} })
	caps := b.Capabilities()
	if caps.Generate || !caps.Embed || caps.Rerank || caps.EmbedSize != 64 || caps.ContextTokens != 100 {
		t.Errorf("capabilities %+v", caps)
	}
	// More texts than one batch has room for, from several callers at once.
	texts := strings.Fields(strings.Repeat("a fox sees the sun ", 60))
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			r, err := b.Embed(t.Context(), &backend.EmbedRequest{Input: texts, Dimensions: 8})
			if err != nil || len(r.Vectors) != len(texts) || r.InputTokens < len(texts) {
				t.Errorf("%d vectors of %d tokens, %v", len(r.Vectors), r.InputTokens, err)
				return
			}
			for i, v := range r.Vectors {
				if d := cmp.Diff(r.Vectors[i%5], v); d != "" || len(v) != 8 {
					t.Errorf("text %d of the same words came out otherwise: %s", i, d)
				}
			}
		})
	}
	wg.Wait()
	_, err := b.Embed(t.Context(), &backend.EmbedRequest{Input: []string{"x", strings.Repeat("word ", 120)}})
	if failure, ok := errors.AsType[*backend.Error](err); !ok || failure.Kind != backend.Invalid || !strings.HasPrefix(failure.Message, "input[1] has ") {
		t.Errorf("a long text: %v", err)
	}
	if _, _, err := generate(t.Context(), b.Backend, ask("Hi")); backend.KindOf(err) != backend.Invalid {
		t.Errorf("a chat: %v", err)
	}
}

func TestRerank_AModelForScoresOnly(t *testing.T) {
	path := writtenModel(t, gguf.RerankModel())
	b := start(t, func(c *Config) { c.Model, c.Options.Rerank = path, &Reading{} })
	if caps := b.Capabilities(); caps.Generate || caps.Embed || !caps.Rerank || caps.ContextTokens != 512 {
		t.Errorf("capabilities %+v", caps)
	}
	documents := []string{"a fox", "the sun is warm", "a fox", strings.Repeat("bear ", 30)}
	r, err := b.Rerank(t.Context(), &backend.RerankRequest{Query: "who?", Documents: documents})
	if err != nil || len(r.Scores) != 4 || r.Scores[0] != r.Scores[2] || r.Scores[0] == r.Scores[1] || r.InputTokens == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = b.Rerank(t.Context(), &backend.RerankRequest{Query: "who?", Documents: []string{"x", strings.Repeat("word ", 600)}})
	if failure, ok := errors.AsType[*backend.Error](err); !ok || failure.Kind != backend.Invalid || !strings.Contains(failure.Message, "documents[1] and the query have ") {
		t.Errorf("a long document: %v", err)
	}
	if _, err := b.Embed(t.Context(), &backend.EmbedRequest{Input: []string{"x"}}); backend.KindOf(err) != backend.Invalid {
		t.Errorf("embed: %v", err)
	}
}

// A caller that goes takes its work along: what is left of a long list is not
// computed, and the next request is answered.
func TestEmbed_EndsWithItsContext(t *testing.T) {
	b := start(t, func(c *Config) { c.Options.Embed = &Reading{} })
	gone := errors.New("the caller is gone")
	texts := make([]string, 2048)
	for i := range texts {
		texts[i] = strings.Repeat("a long text about a fox ", 40)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := b.Embed(ctx, &backend.EmbedRequest{Input: texts})
		done <- err
	}()
	if _, err := b.Embed(t.Context(), &backend.EmbedRequest{Input: []string{"beside it"}}); err != nil {
		t.Error(err)
	}
	cancel(gone)
	if err := <-done; !errors.Is(err, gone) {
		t.Errorf("error %v, want the context's cause", err)
	}
	text, _ := answer(t, b.Backend, ask("Count from 1 to 3."))
	if text == "" {
		t.Error("no answer from the same model")
	}
}

// A request that no worker has seen is not lost: it may wait for the next one.
func TestEmbedAndRerank_WithoutAWorkerWereNotBegun(t *testing.T) {
	b := New(Config{})
	b.caps.Embed, b.caps.Rerank = true, true // as after a crash
	_, embed := b.Embed(t.Context(), &backend.EmbedRequest{Input: []string{"a"}})
	_, rerank := b.Rerank(t.Context(), &backend.RerankRequest{Query: "a", Documents: []string{"b"}})
	for _, err := range []error{embed, rerank} {
		if e, ok := errors.AsType[*backend.Error](err); !ok || e.Kind != backend.Unavailable || !errors.Is(err, backend.ErrNotBegun) {
			t.Errorf("error %v, want one of a request that was not begun", err)
		}
	}
}
