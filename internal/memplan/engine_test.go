package memplan_test

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/model"
)

// logged is what the engine says that it takes, in MiB, by the name of the
// buffer.
type logged struct {
	// mu guards the field below.
	mu    sync.Mutex
	sizes map[string]float64
}

var bufferSize = regexp.MustCompile(`(KV|compute|model) buffer size = +([0-9.]+) MiB`)

func (l *logged) line(_ llama.Level, text string) {
	m := bufferSize.FindStringSubmatch(text)
	if m == nil {
		return
	}
	n, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sizes[m[1]] += n
}

// take returns what was said since the last call.
func (l *logged) take() map[string]float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	sizes := l.sizes
	l.sizes = map[string]float64{}
	return sizes
}

func engine(t *testing.T, l *logged) *llama.Library {
	t.Helper()
	in, err := library.Open(enginetest.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	base, ggml, main, err := in.Paths()
	if err != nil {
		t.Fatal(err)
	}
	lib, err := llama.Open(llama.Paths{Dir: in.Dir, Base: base, GGML: ggml, Llama: main}, l.line)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// The plan is the engine's own: the context to the page, and intermediate
// results with up to a sixth more.
func TestFor_IsWhatTheEngineTakes(t *testing.T) {
	l := &logged{sizes: map[string]float64{}}
	lib := engine(t, l)
	wide, long := gguf.TinyModel(), gguf.TinyModel()
	wide.Architecture, wide.HeadLength, wide.HeadsKV = "qwen3", 128, 4
	long.Architecture, long.FeedForward, long.Vocab, long.Context = "qwen2", 4096, 20_000, 8192
	files := map[string][]byte{"built-in": model.GGUF}
	for name, c := range map[string]gguf.ModelConfig{
		"llama": gguf.TinyModel(), "qwen3": wide, "qwen2": long, "embedder": gguf.EmbedModel(), "reranker": gguf.RerankModel(),
	} {
		var b bytes.Buffer
		if err := gguf.WriteModel(&b, c); err != nil {
			t.Fatal(err)
		}
		files[name] = b.Bytes()
	}
	for name, b := range files {
		header, err := gguf.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		m := loadBytes(t, lib, b)
		for _, o := range []memplan.Options{
			{Slots: 1, Context: 100}, {Slots: 4, Context: 512}, {Slots: 3, Context: 300, Batch: 128}, {Slots: 2},
		} {
			l.take()
			p, err := memplan.For(header, o)
			if err != nil {
				t.Fatal(err)
			}
			batch := cmp.Or(o.Batch, memplan.DefaultBatch)
			c, err := m.NewContext(llama.ContextOptions{
				Cells: o.Slots * ((p.Context + 255) / 256 * 256), Split: true, Flash: llama.FlashOff, Batch: batch, MaxSeqs: o.Slots, Threads: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name, p, l.take())
			c.Close()
		}
		m.Close()
	}
}

// A reader's line is the engine's own context and intermediate results, and
// the room for what comes out, which it takes as texts come.
func TestFor_ReadersAreWhatTheEngineTakes(t *testing.T) {
	l := &logged{sizes: map[string]float64{}}
	lib := engine(t, l)
	files := map[string][]byte{"built-in": model.GGUF}
	for name, c := range map[string]gguf.ModelConfig{"embedder": gguf.EmbedModel(), "reranker": gguf.RerankModel()} {
		var b bytes.Buffer
		if err := gguf.WriteModel(&b, c); err != nil {
			t.Fatal(err)
		}
		files[name] = b.Bytes()
	}
	for name, b := range files {
		header, err := gguf.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		m := loadBytes(t, lib, b)
		pooling := llama.PoolingMean
		if name == "reranker" {
			pooling = llama.PoolingRank
		}
		for _, window := range []int{memplan.Own, 100, header.ContextLength()} {
			l.take()
			p, err := memplan.For(header, memplan.Options{Slots: 2, NoAnswers: true, Readers: []memplan.Reader{{Name: "reader", Window: window}}})
			if err != nil {
				t.Fatal(err)
			}
			r := p.Readers[0]
			c, err := m.NewContext(llama.ContextOptions{
				Cells: r.Cells, Flash: llama.FlashOff, Batch: r.Batch, MaxSeqs: r.Sequences, Split: !r.Whole, Threads: 1, Pooling: pooling,
			})
			if err != nil {
				t.Fatal(err)
			}
			said := l.take()
			c.Close()
			planned := 0.0
			for _, line := range p.Lines {
				if line.What == "reader" {
					planned += float64(line.Bytes-4*int64(r.Batch)*int64(header.VocabSize()+header.EmbeddingLength())) / (1 << 20)
				}
			}
			if took := said["KV"] + said["compute"]; took == 0 || planned < took-0.02 || planned > 1.17*took+0.5 {
				t.Errorf("%s, texts of %d: planned %.2f MiB, the engine says %.2f", name, r.Window, planned, took)
			}
		}
		m.Close()
	}
}

func loadBytes(t *testing.T, lib *llama.Library, b []byte) *llama.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	m, err := lib.LoadModel(f, llama.ModelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compare compares a plan with what the engine says; it says two decimals.
func compare(t *testing.T, name string, p memplan.Plan, said map[string]float64) {
	t.Helper()
	planned := map[string]float64{}
	for _, line := range p.Lines {
		planned[line.What] += float64(line.Bytes) / (1 << 20)
	}
	if d := planned["context"] - said["KV"]; d < -0.01 || d > 0.01 {
		t.Errorf("%s, %d slots of %d: the context takes %.2f MiB, the engine says %.2f", name, p.Slots, p.Context, planned["context"], said["KV"])
	}
	if got, want := planned["compute"], said["compute"]; want == 0 || got < want-0.01 || got > 1.17*want+0.25 {
		t.Errorf("%s, %d slots of %d: computing takes %.2f MiB, the engine says %.2f", name, p.Slots, p.Context, got, want)
	}
}
