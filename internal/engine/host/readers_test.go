package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
	"github.com/inferd/inferd/wire"
)

// fromDisk are a worker's options that open models by their paths.
var fromDisk = Options{
	Builtin: Builtin{Name: model.Name, GGUF: model.GGUF},
	Open:    func(f proto.File) (*os.File, error) { return os.Open(f.Name) },
}

// written writes a model with the built-in one's vocabulary.
func written(t *testing.T, c gguf.ModelConfig) []proto.File {
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
	return []proto.File{{Name: path}}
}

// reading loads a model that reads texts; no path is the built-in one.
func reading(t *testing.T, m proto.Load) *loaded {
	t.Helper()
	m.EngineRoot, m.Slots, m.Threads = enginetest.Root(t), 2, 1
	ld, err := load(m, fromDisk, func(proto.Loading) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, r := range ld.readers.all() {
			r.ctx.Close()
		}
		if ld.lm != nil {
			ld.lm.ctx.Close()
		}
		ld.model.Close()
	})
	return ld
}

// bareReader is the engine alone, one text at a time in one piece, with its own
// pooling.
type bareReader struct {
	t       *testing.T
	model   *llama.Model
	ctx     *llama.Context
	pooling llama.Pooling
}

func bareReading(t *testing.T, m *llama.Model, p llama.Pooling) *bareReader {
	t.Helper()
	most := m.TrainedContext()
	c, err := m.NewContext(llama.ContextOptions{Cells: most, Batch: most, MaxSeqs: 1, Threads: 1, Flash: llama.FlashOff, Pooling: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &bareReader{t, m, c, p}
}

func (b *bareReader) vector(tokens []llama.Token) []float32 {
	b.t.Helper()
	var e []llama.Entry
	for i, k := range tokens {
		e = append(e, llama.Entry{Token: k, Pos: int32(i), Logits: true})
	}
	b.ctx.Clear(false)
	if s, err := b.ctx.Decode(e); err != nil || s != llama.Decoded {
		b.t.Fatal(s, err)
	}
	v := slices.Clone(b.ctx.Vector(0))
	if b.pooling == llama.PoolingRank {
		return v[:1] // the first label's is the score
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

// readingSession is a worker's inside with a link to it.
type readingSession struct {
	t  *testing.T
	in *proto.Reader
	to io.WriteCloser
}

func serveTexts(t *testing.T, ld *loaded) *readingSession {
	t.Helper()
	fromWorker, workerOut := io.Pipe()
	workerIn, toWorker := io.Pipe()
	w := newWorker(&link{w: workerOut}, ld)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.run(ctx, proto.NewReader(workerIn, proto.MaxToWorker)) }()
	t.Cleanup(func() {
		_ = toWorker.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		cancel()
		_ = fromWorker.Close()
		w.loops.Wait()
	})
	return &readingSession{t: t, in: proto.NewReader(fromWorker, proto.MaxToDaemon), to: toWorker}
}

func (s *readingSession) send(k proto.Kind, m any) {
	s.t.Helper()
	b, err := proto.AppendJSON(nil, k, m)
	if err == nil {
		_, err = s.to.Write(b)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// answers reads until so many requests have ended.
func (s *readingSession) answers(n int) (vectors map[uint64]map[int][]float32, ends map[uint64]proto.End) {
	s.t.Helper()
	vectors, ends = map[uint64]map[int][]float32{}, map[uint64]proto.End{}
	for len(ends) < n {
		k, payload, err := s.in.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		switch k {
		case proto.KindVector:
			id, text, v, err := proto.Vector(payload)
			if err != nil {
				s.t.Fatal(err)
			}
			if vectors[id] == nil {
				vectors[id] = map[int][]float32{}
			}
			vectors[id][text] = v
		case proto.KindEnd:
			e := decoded[proto.End](s.t, payload)
			ends[e.Request] = e
		default:
			s.t.Fatalf("a frame of kind %d", k)
		}
	}
	return vectors, ends
}

// words is a text of n words.
func words(rng *rand.Rand, n int) string {
	list := strings.Fields("the red fox likes the warm sun, and 17 bears live here! Zürich naïve <|im_end|> [SEP] question answer")
	var b strings.Builder
	for range n {
		b.WriteString(list[rng.IntN(len(list))] + " ")
	}
	return b.String()
}

// near is what the order of additions makes in a mean; nearBare is what it makes
// over all layers.
const near, nearBare = 1e-7, 1e-4

// Texts of all lengths, many requests at once: each vector is what comes out for
// the text alone, and what the engine by itself makes of it in one piece.
//
// With quantized weights, an encoder's last bits decide now and then how a number
// is rounded; those depend on where the tokens lie, so that the engine's own
// vector is compared where weights are not quantized.
func TestEmbed_VectorsAreThoseOfTheTextAlone(t *testing.T) {
	exact := gguf.EmbedModel()
	exact.Type = gguf.F32
	for _, tt := range []struct {
		name    string
		config  *gguf.ModelConfig // nil is the built-in model
		asked   string
		pooling llama.Pooling
		most    int // words in a text
		bare    bool
	}{
		{"encoder, its own pooling", new(gguf.EmbedModel()), "", llama.PoolingMean, 100, false},
		{"encoder, cls", new(gguf.EmbedModel()), "cls", llama.PoolingCLS, 100, false},
		{"encoder in F32", &exact, "", llama.PoolingMean, 100, true},
		{"encoder in F32, cls", &exact, "cls", llama.PoolingCLS, 100, true},
		{"decoder, mean", nil, "", llama.PoolingMean, 200, true},
		{"decoder, last", nil, "last", llama.PoolingLast, 200, true},
		{"decoder, cls", nil, "cls", llama.PoolingCLS, 200, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := proto.Load{Embed: &proto.Reading{Pooling: tt.asked}}
			if tt.config != nil {
				m.Parts = written(t, *tt.config)
			}
			ld := reading(t, m)
			var bare *bareReader
			if tt.bare {
				bare = bareReading(t, ld.model, tt.pooling)
			}
			s := serveTexts(t, ld)
			rng := rand.New(rand.NewPCG(1, 2))
			requests := map[uint64][]string{}
			for id := uint64(1); id <= 3; id++ {
				for range 1 + rng.IntN(12) {
					n := 1 + rng.IntN(12)
					if rng.IntN(8) == 0 {
						n = tt.most
					}
					requests[id] = append(requests[id], words(rng, n))
				}
				s.send(proto.KindEmbed, proto.Embed{Request: id, Input: requests[id]})
			}
			vectors, ends := s.answers(3)
			worst, bareWorst := 0.0, 0.0
			for id, texts := range requests {
				size := 0
				for i, text := range texts {
					s.send(proto.KindEmbed, proto.Embed{Request: 100, Input: []string{text}})
					single, end := s.answers(1)
					worst = max(worst, distance(t, single[100][0], vectors[id][i]))
					size += end[100].Usage.PromptTokens
					if tt.bare {
						tokens, err := ld.model.TokenizeWhole(text)
						if err != nil {
							t.Fatal(err)
						}
						bareWorst = max(bareWorst, distance(t, bare.vector(tokens), vectors[id][i]))
					}
				}
				if e := ends[id]; e.Error != "" || e.Usage.PromptTokens != size || len(vectors[id]) != len(texts) {
					t.Errorf("request %d ended with %+v and %d vectors, want %d tokens", id, e, len(vectors[id]), size)
				}
			}
			if worst > near || bareWorst > nearBare {
				t.Errorf("the largest difference is %g to the text alone, %g to the bare engine", worst, bareWorst)
			}
		})
	}
}

func distance(t *testing.T, want, got []float32) (worst float64) {
	t.Helper()
	if len(want) != len(got) || len(got) == 0 {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(want[i] - got[i])); d > worst || math.IsNaN(d) {
			worst = d
		}
	}
	return worst
}

func TestRerank_ScoresAreThoseOfThePairAlone(t *testing.T) {
	causal, exact := gguf.TinyModel(), gguf.RerankModel()
	causal.Architecture, causal.Labels, causal.Context = "qwen3", []string{"yes", "no"}, 1024
	exact.Type = gguf.F32
	for _, tt := range []struct {
		name   string
		config gguf.ModelConfig
		bare   bool
	}{{"encoder", gguf.RerankModel(), false}, {"encoder in F32", exact, true}, {"decoder", causal, true}} {
		t.Run(tt.name, func(t *testing.T) {
			ld := reading(t, proto.Load{Parts: written(t, tt.config), Rerank: &proto.Reading{}})
			if ld.ready.Generates || ld.lm != nil {
				t.Error("a reranker is offered for chats")
			}
			bare := bareReading(t, ld.model, llama.PoolingRank)
			s := serveTexts(t, ld)
			const query = "who likes the sun?"
			rng := rand.New(rand.NewPCG(3, 4))
			var documents []string
			for range 30 {
				documents = append(documents, words(rng, 1+rng.IntN(60)))
			}
			s.send(proto.KindRerank, proto.Rerank{Request: 1, Query: query, Documents: documents})
			all, ends := s.answers(1)
			size, different := 0, map[float32]bool{}
			for i, d := range documents {
				s.send(proto.KindRerank, proto.Rerank{Request: 2, Query: query, Documents: documents[i : i+1]})
				single, end := s.answers(1)
				size += end[2].Usage.PromptTokens
				if x := distance(t, single[2][0], all[1][i]); x > near {
					t.Errorf("document %d scores %g apart from alone", i, x)
				}
				tokens, err := ld.readers.rerank.pairs.tokens(query, d)
				if err != nil {
					t.Fatal(err)
				}
				if x := distance(t, bare.vector(tokens), all[1][i]); tt.bare && x > nearBare {
					t.Errorf("document %d scores %g apart from the bare engine", i, x)
				}
				different[all[1][i][0]] = true
			}
			if e := ends[1]; e.Error != "" || e.Usage.PromptTokens != size || len(different) < 20 {
				t.Errorf("%+v, want %d tokens; %d different scores", e, size, len(different))
			}
		})
	}
}

func TestEmbed_RefusesWhatIsLongerThanTheWindow(t *testing.T) {
	ld := reading(t, proto.Load{Embed: &proto.Reading{Window: 20}})
	s := serveTexts(t, ld)
	s.send(proto.KindEmbed, proto.Embed{Request: 1, Input: []string{"short", strings.Repeat("house ", 40)}})
	s.send(proto.KindEmbed, proto.Embed{Request: 2, Input: []string{strings.Repeat("a", manyBytes*21)}})
	s.send(proto.KindEmbed, proto.Embed{Request: 3, Input: []string{"short"}})
	vectors, ends := s.answers(3)
	tokens, err := ld.model.TokenizeWhole(strings.Repeat("house ", 40))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("input[1] has %d tokens: allowed are the window's 20", len(tokens))
	if e := ends[1]; !e.Invalid || e.Error != want || len(vectors[1]) != 0 {
		t.Errorf("%+v, want %q", e, want)
	}
	if e := ends[2]; !e.Invalid || e.Error != "input[0] has 10752 bytes: more than the window's 20 tokens can hold" {
		t.Errorf("%+v", e)
	}
	if e := ends[3]; e.Error != "" || len(vectors[3]) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestEmbed_CutsAndPrefixes(t *testing.T) {
	c := gguf.EmbedModel()
	c.Name = "multilingual-e5-tiny"
	ld := reading(t, proto.Load{Parts: written(t, c), Embed: &proto.Reading{}})
	s := serveTexts(t, ld)
	s.send(proto.KindEmbed, proto.Embed{Request: 1, Input: []string{"a fox"}, Task: wire.TaskRetrievalDocument, Dimensions: 16})
	s.send(proto.KindEmbed, proto.Embed{Request: 2, Input: []string{"passage: a fox"}, Dimensions: 16})
	vectors, _ := s.answers(2)
	if d := distance(t, vectors[2][0], vectors[1][0]); d > 1e-6 || len(vectors[1][0]) != 16 {
		t.Errorf("with the task %d numbers, %g from those with the prefix written out", len(vectors[1][0]), d)
	}
	length := 0.0
	for _, x := range vectors[1][0] {
		length += float64(x) * float64(x)
	}
	if math.Abs(length-1) > 1e-6 {
		t.Errorf("a cut vector has the length %g", length)
	}
}

func TestLoad_RefusesWhatAModelCantBeReadFor(t *testing.T) {
	none := gguf.EmbedModel()
	none.Pooling = gguf.PoolingNone
	for want, m := range map[string]proto.Load{
		"rerank is on, but the model has no classification head to score documents with":                               {Parts: written(t, gguf.EmbedModel()), Rerank: &proto.Reading{}},
		`embed is on with the pooling "none", which makes no vector of a text: embed_pooling can be mean, cls or last`: {Embed: &proto.Reading{Pooling: "none"}},
		`embed is on with the pooling "rank", which makes no vector of a text: embed_pooling can be mean, cls or last`: {Parts: written(t, gguf.RerankModel()), Embed: &proto.Reading{}},
		"embed_n_ctx is 513, but the model was trained with a context of 512 tokens":                                   {Parts: written(t, gguf.EmbedModel()), Embed: &proto.Reading{Window: 513}},
	} {
		m.EngineRoot, m.Slots = enginetest.Root(t), 1
		_, err := load(m, fromDisk, func(proto.Loading) {})
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func decoded[T any](t *testing.T, payload []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(payload, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
