package daemon_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/model"
	"github.com/inferd/inferd/wire"
)

// reader is a backend on the engine of this machine, on one processor.
func reader(name, path string, change func(*config.LlamaCPP)) config.Backend {
	b := config.Backend{Kind: config.KindLlamaCPP, Name: name, LlamaCPP: config.LlamaCPP{Model: path, Slots: 2, Threads: 1, MMap: true}}
	change(&b.LlamaCPP)
	return b
}

// random writes a model of random weights with the built-in one's vocabulary.
func random(t *testing.T, c gguf.ModelConfig) string {
	t.Helper()
	own, err := gguf.Parse(model.GGUF)
	if err != nil {
		t.Fatal(err)
	}
	c.TokenizerFrom = own
	f, err := os.Create(filepath.Join(t.TempDir(), "model.gguf"))
	if err == nil {
		err = gguf.WriteModel(f, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func realReaders(t *testing.T, backends ...config.Backend) *daemontest.Daemon {
	t.Helper()
	cfg := daemontest.Config(t)
	cfg.Config.Backends = backends
	cfg.WorkerPath, cfg.EngineRoot = enginetest.Worker(t), enginetest.Root(t)
	cfg.ModelsRoot = t.TempDir()
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	return d
}

// An embedding model and a reranker beside the built-in model: each has a worker
// of its own, and each surface the backend that can serve it.
func TestReaders_ThreeModelsServeTheirSurfaces(t *testing.T) {
	d := realReaders(t,
		reader("chat", config.BuiltinModel, func(*config.LlamaCPP) {}),
		reader("vectors", random(t, gguf.EmbedModel()), func(c *config.LlamaCPP) { c.Embed = true }),
		reader("scores", random(t, gguf.RerankModel()), func(c *config.LlamaCPP) { c.Rerank = true }),
	)
	pids := map[int]bool{}
	for _, b := range d.Status().Backends {
		pids[b.PID] = true
	}
	if len(pids) != 3 || pids[0] {
		t.Errorf("the workers are %v, want three", pids)
	}
	caps := capabilities(d)
	if c := caps["chat"]; c.Embed || c.Rerank {
		t.Errorf("chat: %+v", c)
	}
	if c := caps["vectors"]; !c.Embed || c.Rerank || c.V2 {
		t.Errorf("vectors: %+v", c)
	}
	if c := caps["scores"]; c.Embed || !c.Rerank || c.V2 {
		t.Errorf("scores: %+v", c)
	}
	if _, last := answerTo(d, "Count from 1 to 3."); last.Backend != "chat" {
		t.Errorf("%s has answered the chat", last.Backend)
	}
	e := embed(t, d, `{"id":"e","input":["a fox","the sun"],"dimensions":16}`)
	if len(e.Embeddings) != 2 || e.Dimensions != 16 || e.Backend != "vectors" || e.InputTokens == 0 || math.Abs(length(e.Embeddings[0])-1) > 1e-5 {
		t.Errorf("%+v", e)
	}
	r := rerank(t, d, `{"id":"r","query":"who?","documents":["a fox","the sun","a fox"],"top_n":2}`)
	if len(r.Results) != 2 || r.Results[0].Score < r.Results[1].Score || r.Backend != "scores" || r.InputTokens == 0 {
		t.Errorf("%+v", r)
	}
}

// One model serves both, on the same weights.
func TestReaders_OneModelWritesAndEmbeds(t *testing.T) {
	d := realReaders(t, reader("both", config.BuiltinModel, func(c *config.LlamaCPP) { c.Embed, c.EmbedPooling = true, "last" }))
	if d.Bound(transport.Rerank) || !d.Bound(transport.Embed) || !d.Bound(transport.V1) {
		t.Error("the sockets are not those of the capabilities")
	}
	if e := embed(t, d, `{"id":"e","input":["a fox"],"task":"clustering"}`); e.Backend != "both" || len(e.Embeddings[0]) != e.Dimensions {
		t.Errorf("%+v", e)
	}
	if text, _ := answerTo(d, "Count from 1 to 3."); text == "" {
		t.Error("no answer")
	}
}

func TestReaders_AnEmbeddingModelAloneHasNoOtherSockets(t *testing.T) {
	d := realReaders(t, reader("vectors", random(t, gguf.EmbedModel()), func(c *config.LlamaCPP) { c.Embed = true }))
	for s, want := range map[transport.Surface]bool{
		transport.V1: false, transport.V2: false, transport.Framed: false, transport.Embed: true, transport.Rerank: false,
	} {
		if d.Bound(s) != want {
			t.Errorf("the %v socket is there: %t", s, !want)
		}
	}
}

func capabilities(d *daemontest.Daemon) map[string]wire.Capabilities {
	admin := d.Admin()
	defer admin.Close()
	all := map[string]wire.Capabilities{}
	for _, e := range admin.Until(wire.Ready{}) {
		if c, ok := e.(wire.Capabilities); ok {
			all[c.Backend] = c
		}
	}
	return all
}

func answerTo(d *daemontest.Daemon, question string) (string, *wire.V1Done) {
	c := d.V1()
	defer c.Close()
	c.Send(fmt.Sprintf(`{"id":"1","messages":[{"role":"user","content":%q}],"temperature":0,"max_tokens":16}`, question))
	text, last := c.Answer()
	done, _ := last.(*wire.V1Done)
	if done == nil {
		done = &wire.V1Done{}
	}
	return text, done
}

func embed(t *testing.T, d *daemontest.Daemon, request string) *wire.Embeddings {
	t.Helper()
	c := d.Dial(transport.Embed)
	defer c.Close()
	c.Send(request)
	frame := c.Frame()
	r, err := wire.DecodeEmbedResponse(frame)
	e, ok := r.(*wire.Embeddings)
	if err != nil || !ok {
		t.Fatalf("%.300s: %v", frame, err)
	}
	return e
}

func rerank(t *testing.T, d *daemontest.Daemon, request string) *wire.Reranked {
	t.Helper()
	c := d.Dial(transport.Rerank)
	defer c.Close()
	c.Send(request)
	frame := c.Frame()
	r, err := wire.DecodeRerankResponse(frame)
	k, ok := r.(*wire.Reranked)
	if err != nil || !ok {
		t.Fatalf("%.300s: %v", frame, err)
	}
	return k
}

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
