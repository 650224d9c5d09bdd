package gguf

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/model"
)

// facts are what a file says of its model.
type facts struct {
	Architecture, Name, Quantization           string
	Context, Layers, Width, Keys, Values       int
	Heads, HeadsKV                             []int
	Vocab, Window                              int
	Causal, Recurrent, Classifier, HasTemplate bool
	Pooling                                    Pooling
	Parameters, Weights                        int64
}

func factsOf(f *File) facts {
	return facts{
		f.Architecture(), f.Name(), f.Quantization(),
		f.ContextLength(), f.Layers(), f.EmbeddingLength(), f.KeyLength(), f.ValueLength(),
		f.Heads(), f.HeadsKV(), f.VocabSize(), f.SlidingWindow(),
		f.Causal(), f.Recurrent(), f.HasClassifier(), f.ChatTemplate() != "",
		f.Pooling(), f.Parameters(), f.WeightBytes(),
	}
}

func TestFile_KnowsTheBuiltInModel(t *testing.T) {
	f := parse(t, model.GGUF)
	want := facts{
		Architecture: "llama", Name: "inferd demo", Quantization: "Q8_0",
		Context: 1024, Layers: 6, Width: 256, Keys: 64, Values: 64,
		Heads: slices.Repeat([]int{4}, 6), HeadsKV: slices.Repeat([]int{2}, 6), Vocab: 1536,
		Causal: true, HasTemplate: true, Pooling: PoolingUnsaid,
		Parameters: 4_328_704, Weights: 4_609_024, // 13 norms of 256 in F32, the rest in Q8_0
	}
	if d := cmp.Diff(want, factsOf(f)); d != "" {
		t.Error(d)
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if f.Version != 3 || f.BigEndian || f.Alignment != 32 || f.DataOffset+f.DataSize != f.Size {
		t.Errorf("the file is %d, %v, %d, data %d + %d of %d", f.Version, f.BigEndian, f.Alignment, f.DataOffset, f.DataSize, f.Size)
	}
}

func TestFile_KnowsAReranker(t *testing.T) {
	c := TinyModel()
	c.Architecture, c.Labels, c.Tokenizer = "qwen3", []string{"yes", "no"}, "spm"
	f := parse(t, random(t, c))
	if !f.HasClassifier() || f.Pooling() != PoolingRank {
		t.Errorf("HasClassifier is %v, Pooling %v", f.HasClassifier(), f.Pooling())
	}
}

func TestFile_KnowsEncoders(t *testing.T) {
	for _, c := range []struct {
		config ModelConfig
		want   Pooling
		scores bool
	}{{EmbedModel(), PoolingMean, false}, {RerankModel(), PoolingRank, true}} {
		f := parse(t, random(t, c.config))
		if f.Causal() || f.Recurrent() || f.Pooling() != c.want || f.HasClassifier() != c.scores {
			t.Errorf("%s: causal %v, pooling %v, classifier %v", f.Name(), f.Causal(), f.Pooling(), f.HasClassifier())
		}
		if n, err := f.KVBytesPerToken(F16, F16); n != 0 || err != nil {
			t.Errorf("%s keeps %d bytes a token, %v", f.Name(), n, err)
		}
		if err := f.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestFile_WithoutAWordSaysNothing(t *testing.T) {
	want := facts{Causal: true, Pooling: PoolingUnsaid}
	if d := cmp.Diff(want, factsOf(parse(t, start(0, 0).b))); d != "" {
		t.Error(d)
	}
	f := parse(t, write(t, nil, func(w *Writer) {
		w.Add("general.architecture", uint32(3))
		w.Add("general.name", []string{"a"})
		w.Add("general.file_type", "Q8_0")
		w.Add(".block_count", uint64(1<<40))
		w.Add(".context_length", int32(-5))
		w.Add(".pooling_type", uint32(9))
		w.Add(".attention.causal", "no")
		w.Add(keyTokens, []uint32{1})
	}))
	if d := cmp.Diff(want, factsOf(f)); d != "" {
		t.Errorf("with values of the wrong types: %s", d)
	}
}

func TestFile_HeadsPerLayer(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  []int
	}{
		"one for all":       {uint32(8), []int{8, 8, 8}},
		"one for each":      {[]int32{4, 0, 2}, []int{4, 0, 2}},
		"too few":           {[]int32{4, 0}, nil},
		"too many":          {[]int32{4, 0, 1, 1}, nil},
		"negative":          {[]int32{4, -1, 1}, nil},
		"huge":              {[]uint64{4, 1 << 40, 1}, nil},
		"huge for all":      {uint64(1 << 40), nil},
		"of another type":   {[]string{"4", "0", "2"}, nil},
		"not even a number": {"8", nil},
	} {
		f := described(t, "x", map[string]any{"block_count": 3, "attention.head_count_kv": c.value})
		if got := f.HeadsKV(); !slices.Equal(got, c.want) {
			t.Errorf("%s: HeadsKV is %v, want %v", name, got, c.want)
		}
	}
	f := described(t, "x", map[string]any{"block_count": 2, "attention.head_count": 6, "embedding_length": 60})
	if got := f.HeadsKV(); !slices.Equal(got, []int{6, 6}) {
		t.Errorf("without a word on it, HeadsKV is %v, want that of all heads", got)
	}
	if f.KeyLength() != 10 || f.ValueLength() != 10 {
		t.Errorf("heads have a length of %d and %d, want a share of the width", f.KeyLength(), f.ValueLength())
	}
	huge := described(t, "x", map[string]any{"block_count": 1 << 30, "attention.head_count": 6})
	if got := huge.Heads(); got != nil {
		t.Errorf("Heads has %d entries for a file that names no number of layers that can be", len(got))
	}
}

func TestFile_Flags(t *testing.T) {
	for name, c := range map[string]struct {
		f                 *File
		causal, recurrent bool
	}{
		"decoder":                {described(t, "llama", nil), true, false},
		"encoder":                {described(t, "bert", nil), false, false},
		"encoder by its word":    {described(t, "llama", map[string]any{"attention.causal": false}), false, false},
		"mamba":                  {described(t, "mamba", nil), true, true},
		"hybrid":                 {described(t, "qwen3next", nil), true, true},
		"unknown with a state":   {described(t, "new", map[string]any{"ssm.state_size": 16}), true, true},
		"unknown without one":    {described(t, "new", nil), true, false},
		"unknown, state of zero": {described(t, "new", map[string]any{"wkv.head_size": 0}), true, false},
	} {
		if c.f.Causal() != c.causal || c.f.Recurrent() != c.recurrent {
			t.Errorf("%s: Causal is %v, Recurrent %v", name, c.f.Causal(), c.f.Recurrent())
		}
	}
}

func TestFile_QuantizationIsWhatTheFileSaysOrHas(t *testing.T) {
	for _, c := range []struct {
		fileType any
		want     string
	}{{uint32(15), "Q4_K_M"}, {uint32(38), "MXFP4_MOE"}, {nil, "F16"}, {uint32(6), "F16"}, {uint32(500), "F16"}, {"Q8_0", "F16"}} {
		f := parse(t, write(t, nil, func(w *Writer) {
			if c.fileType != nil {
				w.Add("general.file_type", c.fileType)
			}
			w.Tensor("norm", F32, constant(1), 8)
			w.Tensor("a", F16, randomWeights(F16, 1, 1), 64)
			w.Tensor("b", Q8_0, randomWeights(Q8_0, 1, 1), 32)
		}))
		if got := f.Quantization(); got != c.want {
			t.Errorf("Quantization is %q for %v, want %q", got, c.fileType, c.want)
		}
	}
}
