package server_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// one sends a line and returns the one frame of its answer.
func (c *client) one(line string) string {
	c.t.Helper()
	c.send(line)
	frame, err := c.frames.Next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return string(frame)
}

func TestEmbed_AnswersByTheTable(t *testing.T) {
	h := startMock(t, mock.Config{}, mock.Config{
		NoGenerate: true, Dimensions: 2, Model: "m", ContextTokens: 3, Vectors: [][]float32{{3, 4}, {0, -2}},
	})
	c := h.dial(transport.Embed)
	for _, tt := range []struct{ in, want string }{
		{`{"id":"1","input":["a b","c"]}`,
			`{"type":"embeddings","id":"1","embeddings":[[0.6,0.8],[0,-1]],"dimensions":2,"model":"m","usage":{"input_tokens":3},"backend":"mock1"}`},
		{`{"id":"2","input":["a"],"dimensions":1,"task":"clustering"}`,
			`{"type":"embeddings","id":"2","embeddings":[[1]],"dimensions":1,"model":"m","usage":{"input_tokens":1},"backend":"mock1"}`},
		{`{"id":"3","input":["a"],"dimensions":3}`,
			`{"type":"error","id":"3","code":"invalid_request","message":"dimensions: 3 is out of range: allowed is 1 to 2"}`},
		{`{"id":"4","input":[]}`, `{"type":"error","id":"4","code":"invalid_request","message":"input: is empty: allowed is one string or more"}`},
		{`{"id":"5","input":["a","b c d e"]}`,
			`{"type":"error","id":"5","code":"invalid_request","message":"input[1] has 4 tokens: allowed are the window's 3"}`},
		{`{"id":"6"}`, `{"type":"error","id":"","code":"invalid_request","message":"input: missing: an array of strings is required"}`},
	} {
		if got := c.one(tt.in); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
	c.ended()
}

func TestRerank_AnswersByTheTable(t *testing.T) {
	h := startMock(t, mock.Config{Rerank: true, Model: "m"})
	c := h.dial(transport.Rerank)
	for _, tt := range []struct{ in, want string }{
		{`{"id":"1","query":"red fox","documents":["a dog","a red fox","the fox","dog"]}`,
			`{"type":"rerank","id":"1","results":[{"index":1,"score":2},{"index":2,"score":1},{"index":0,"score":0},{"index":3,"score":0}],` +
				`"model":"m","usage":{"input_tokens":16},"backend":"mock0"}`},
		{`{"id":"2","query":"fox","documents":["dog","fox"],"top_n":1}`,
			`{"type":"rerank","id":"2","results":[{"index":1,"score":1}],"model":"m","usage":{"input_tokens":4},"backend":"mock0"}`},
		{`{"id":"3","query":"fox","documents":["dog"],"top_n":0}`,
			`{"type":"error","id":"3","code":"invalid_request","message":"top_n: 0 is out of range: allowed is top_n ≥ 1"}`},
		{`{"id":"4","documents":["dog"]}`, `{"type":"error","id":"","code":"invalid_request","message":"query: missing: a string is required"}`},
	} {
		if got := c.one(tt.in); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
	c.ended()
}

// vectors is a backend whose other methods a test writes.
type vectors struct {
	scripted
	embed  func(context.Context) (backend.EmbedResult, error)
	rerank func(context.Context) (backend.RerankResult, error)
}

func (v *vectors) Embed(ctx context.Context, _ *backend.EmbedRequest) (backend.EmbedResult, error) {
	return v.embed(ctx)
}

func (v *vectors) Rerank(ctx context.Context, _ *backend.RerankRequest) (backend.RerankResult, error) {
	return v.rerank(ctx)
}

func TestVectors_NothingButNumbersThatFitIsSent(t *testing.T) {
	var embedded backend.EmbedResult
	var ranked backend.RerankResult
	var failure error
	able := func(c *backend.Capabilities) { c.Embed, c.Rerank = true, true }
	h := startWith(t, options{limits: queue.Limits{Active: 4}, backends: []backend.Backend{&vectors{
		scripted: scripted{able: able},
		embed:    func(context.Context) (backend.EmbedResult, error) { return embedded, failure },
		rerank:   func(context.Context) (backend.RerankResult, error) { return ranked, failure },
	}}})
	embed, rerank := h.dial(transport.Embed), h.dial(transport.Rerank)
	nan := float32(math.NaN())
	for _, bad := range []struct {
		embedded [][]float32
		ranked   []float32
	}{
		{nil, nil}, {[][]float32{{1}}, []float32{1}}, {[][]float32{{1}, {nan}}, []float32{1, nan}}, {[][]float32{{1}, {1, 2}}, []float32{1, 2, 3}},
	} {
		embedded.Vectors, ranked.Scores = bad.embedded, bad.ranked
		const want = `{"type":"error","id":"1","code":"internal","message":"internal error"}`
		if got := embed.one(`{"id":"1","input":["a","b"]}`); got != want {
			t.Errorf("embed %v: %s", bad.embedded, got)
		}
		if got := rerank.one(`{"id":"1","query":"q","documents":["a","b"]}`); got != want {
			t.Errorf("rerank %v: %s", bad.ranked, got)
		}
	}
	failure = backend.ErrNoEmbed()
	if got := embed.one(`{"id":"1","input":["a"]}`); got != `{"type":"error","id":"1","code":"embed_unsupported","message":"the model that serves this request makes no embeddings"}` {
		t.Error(got)
	}
	failure = backend.ErrNoRerank()
	if got := rerank.one(`{"id":"1","query":"q","documents":["a"]}`); got != `{"type":"error","id":"1","code":"rerank_unsupported","message":"the model that serves this request does not rerank"}` {
		t.Error(got)
	}
}

func TestVectors_NoBackendCan(t *testing.T) {
	h := startMock(t, mock.Config{})
	for s, c := range map[transport.Surface]struct{ in, code string }{
		transport.Embed:  {`{"id":"1","input":["a"]}`, "embed_unsupported"},
		transport.Rerank: {`{"id":"1","query":"q","documents":["a"]}`, "rerank_unsupported"},
	} {
		if got := h.dial(s).one(c.in); !strings.HasPrefix(got, `{"type":"error","id":"1","code":"`+c.code+`"`) {
			t.Errorf("%v: %s", s, got)
		}
	}
}

func TestVectors_EndWithTheClientAndWithTheDaemon(t *testing.T) {
	began, ended := make(chan struct{}, 1), make(chan error, 1)
	h := startWith(t, options{limits: queue.Limits{Active: 4}, backends: []backend.Backend{&vectors{
		scripted: scripted{able: func(c *backend.Capabilities) { c.Embed = true }},
		embed: func(ctx context.Context) (backend.EmbedResult, error) {
			began <- struct{}{}
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return backend.EmbedResult{}, context.Cause(ctx)
		},
	}}})
	c := h.dial(transport.Embed)
	c.send(`{"id":"1","input":["a"]}`)
	await(t, began, "the request")
	c.Close()
	if err := await(t, ended, "the end"); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("the client left, and the request ended with %v", err)
	}
	c = h.dial(transport.Embed)
	c.send(`{"id":"2","input":["a"]}`)
	await(t, began, "the second request")
	h.cancelRequests(errors.New("daemon is shutting down"))
	await(t, ended, "the second end")
	frame, err := c.frames.Next()
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodeEmbedResponse(frame)
	if e, ok := got.(*wire.EmbedError); err != nil || !ok || e.ID != "2" {
		t.Errorf("got %s", frame)
	}
	if diff := cmp.Diff(int64(0), h.router.Stats()[0].Running); diff != "" {
		t.Error(diff)
	}
}
