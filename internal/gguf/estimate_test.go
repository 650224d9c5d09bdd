package gguf

import (
	"math"
	"strings"
	"testing"
)

// What the engine asked for, in its own words, for these models and sizes.
func TestEstimate_IsWhatTheEngineTakes(t *testing.T) {
	const mib = 1 << 20
	of := func(architecture string, change func(*ModelConfig)) *File {
		c := TinyModel()
		if architecture == bert {
			c = EmbedModel()
		}
		c.Architecture = architecture
		if change != nil {
			change(&c)
		}
		return parse(t, random(t, c))
	}
	tiny := parse(t, random(t, TinyModel()))
	bench := describedBench(t)
	for _, c := range []struct {
		f       *File
		s       Sizing
		kv      float64 // exactly
		compute float64 // never less, and at most a sixth more
	}{
		{of("qwen3", func(c *ModelConfig) { c.HeadLength = 128 }), Sizing{Cells: 32_768, Sequences: 4, Batch: 512, Split: true}, 64, 83.38},
		{of("llama", func(c *ModelConfig) { c.FeedForward = 8192 }), Sizing{Cells: 4096, Sequences: 4, Batch: 512, Split: true}, 1, 50.51},
		{of("qwen2", func(c *ModelConfig) { c.Embedding, c.Heads, c.HeadsKV = 1024, 2, 1 }), Sizing{Cells: 512, Sequences: 1, Batch: 512, Split: true}, 2, 13.01},
		{of("llama", func(c *ModelConfig) { c.Vocab = 50_000 }), Sizing{Cells: 4096, Sequences: 4, Batch: 512, Split: true}, 1, 98.03},
		{of("llama", func(c *ModelConfig) { c.Embedding, c.Heads, c.HeadsKV, c.FeedForward = 1024, 16, 16, 4096 }),
			Sizing{Cells: 32_768, Sequences: 4, Batch: 512, Split: true}, 256, 286.01},
		{of(bert, nil), Sizing{Cells: 32_768, Sequences: 4, Batch: 512, Split: true}, 0, 5.76},
		{of(bert, nil), Sizing{Cells: 256, Sequences: 1, Batch: 512, Split: true}, 0, 1.63},
		{of(bert, nil), Sizing{Cells: 32_768, Sequences: 4, Batch: 128, Split: true}, 0, 0.50},
		{tiny, Sizing{Cells: 512, Sequences: 1, Batch: 512, Split: true}, 0.125, 5.76},
		{bench, Sizing{Cells: 512, Sequences: 1, Batch: 512, Split: true}, 24, 66.51},
		{bench, Sizing{Cells: 4096, Sequences: 4, Batch: 512, Split: true}, 192, 66.51},
		{bench, Sizing{Cells: 4096, Sequences: 4, Batch: 512}, 192, 148.01},
		{bench, Sizing{Cells: 4096, Sequences: 4, Batch: 256, Split: true, Flash: true}, 192, 33.26},
		{bench, Sizing{Cells: 4096, Sequences: 4, Batch: 512, Flash: true}, 192, 66.51},
		{bench, Sizing{Cells: 32_768, Sequences: 16, Batch: 512, Split: true}, 1536, 80.01},
		{bench, Sizing{Cells: 16_384, Sequences: 1, Batch: 2048, Split: true}, 768, 2224.04},
	} {
		c.s.Keys, c.s.Values = F16, F16
		e, err := c.f.Estimate(c.s)
		if err != nil || len(e.Unknown) > 0 {
			t.Errorf("%+v: %v, unknown: %v", c.s, err, e.Unknown)
		}
		if e.KV != int64(c.kv*mib) || e.State != 0 {
			t.Errorf("%+v: keys and values take %d bytes, states %d; want %v MiB and none", c.s, e.KV, e.State, c.kv)
		}
		if got := float64(e.Compute) / mib; got < c.compute-0.01 || got > 1.17*c.compute+0.1 {
			t.Errorf("%+v: computing takes %.2f MiB, the engine took %v", c.s, got, c.compute)
		}
		if e.Total() != e.Weights+e.Repacked+e.KV+e.Compute {
			t.Errorf("%+v: the total is %d of %+v", c.s, e.Total(), e)
		}
	}
}

func TestEstimate_OfTheWeights(t *testing.T) {
	f := parse(t, random(t, TinyModel()))
	e, err := f.Estimate(Sizing{Cells: 1, Sequences: 1, Batch: 1})
	embedding, _ := f.Tensor("token_embd.weight")
	norms := int64(5 * 64 * 4)
	if err != nil || e.Weights != f.WeightBytes() || e.Repacked != f.WeightBytes()-embedding.Size-norms {
		t.Errorf("weights of %d bytes, %d repacked, %v; the file has %d", e.Weights, e.Repacked, err, f.WeightBytes())
	}
}

func TestEstimate_RoundsUpAsTheEngineDoes(t *testing.T) {
	f := described(t, "llama", known[0].numbers)
	for _, c := range []struct {
		s     Sizing
		cells int64
	}{
		{Sizing{Cells: 1}, 256},
		{Sizing{Cells: 257}, 512},
		{Sizing{Cells: 1000, Sequences: 4}, 1024},
		{Sizing{Cells: 1000, Sequences: 4, Split: true}, 4 * 256},
		{Sizing{Cells: 1025, Sequences: 4, Split: true}, 4 * 512},
		{Sizing{Cells: 100, Sequences: 3, Split: true}, 3 * 256},
		{Sizing{Cells: 8192, Sequences: 8, Split: true}, 8192},
	} {
		c.s.Sequences, c.s.Batch, c.s.Keys, c.s.Values = max(c.s.Sequences, 1), 64, F16, F16
		if e, err := f.Estimate(c.s); e.KV != c.cells*known[0].perToken || err != nil {
			t.Errorf("%+v: %d bytes, %v; want %d cells", c.s, e.KV, err, c.cells)
		}
	}
}

func TestEstimate_OfASlidingWindow(t *testing.T) {
	f := described(t, "gemma2", known[4].numbers) // 42 layers, every second with a window of 4,096
	layer := known[4].perToken / 42
	for name, c := range map[string]struct {
		s    Sizing
		want int64
	}{
		"as the engine does it": {Sizing{Cells: 8192, Sequences: 1}, 42 * 8192 * layer},
		"only the window":       {Sizing{Cells: 8192, Sequences: 1, WindowOnly: true}, 21 * (8192 + 4096 + 512) * layer},
		"shared": {Sizing{Cells: 32_768, Sequences: 4, WindowOnly: true},
			21 * (32_768 + 4*4096 + 512) * layer},
		"split":               {Sizing{Cells: 32_768, Sequences: 4, Split: true, WindowOnly: true}, 21 * 4 * (8192 + 4608) * layer},
		"wider than the room": {Sizing{Cells: 2048, Sequences: 1, WindowOnly: true}, 42 * 2048 * layer},
	} {
		c.s.Batch, c.s.Keys, c.s.Values = 512, F16, F16
		if e, err := f.Estimate(c.s); e.KV != c.want || err != nil {
			t.Errorf("%s: %d bytes, %v; want %d", name, e.KV, err, c.want)
		}
	}
	// Some have a window of their own, whatever the file says.
	for name, want := range map[string]int{"llama4": 8192, "smallthinker": 4096, "gemma3": 100, "llama": 0} {
		f := described(t, name, map[string]any{"attention.sliding_window": 100})
		if got := f.window(layoutOf(name)); got != want {
			t.Errorf("%s has a window of %d, want %d", name, got, want)
		}
	}
	if got := described(t, "llama4", nil).window(layoutOf("llama4")); got != 8192 {
		t.Errorf("llama4 without a word on it has a window of %d, want 8192", got)
	}
}

// Without flash attention the engine makes all values as wide as the widest.
func TestEstimate_OfLayersOfDifferentWidths(t *testing.T) {
	f := described(t, "openelm", map[string]any{"block_count": 3, "embedding_length": 512, "vocab_size": 100,
		"attention.head_count": []int32{4, 8, 8}, "attention.head_count_kv": []int32{1, 2, 4},
		"attention.key_length": 64, "attention.value_length": 64})
	s := Sizing{Cells: 256, Sequences: 1, Batch: 64, Keys: F16, Values: F16}
	for flash, want := range map[bool]int64{true: (1 + 2 + 4) * 2 * 64 * 2 * 256, false: (7 + 3*4) * 64 * 2 * 256} {
		s.Flash = flash
		if e, err := f.Estimate(s); e.KV != want || err != nil {
			t.Errorf("flash %v: %d bytes, %v; want %d", flash, e.KV, err, want)
		}
	}
	// A layer without heads for keys keeps nothing, nor is it padded.
	f = described(t, "deci", map[string]any{"block_count": 2, "embedding_length": 512,
		"attention.head_count": []int32{4, 0}, "attention.head_count_kv": []int32{2, 0}, "attention.key_length": 64,
		"attention.value_length": 64})
	if got, err := f.KVBytesPerToken(F16, F16); got != (2+2+2)*64*2 || err != nil {
		t.Errorf("%d bytes a token, %v; want keys for one layer and values as wide for both", got, err)
	}
}

func TestEstimate_RefusesSizesThatAreNone(t *testing.T) {
	f := parse(t, random(t, TinyModel()))
	good := Sizing{Cells: 1, Sequences: 1, Batch: 1}
	for words, change := range map[string]func(*Sizing){
		"cells is 0, allowed are 1 to":   func(s *Sizing) { s.Cells = 0 },
		"sequences is -1":                func(s *Sizing) { s.Sequences = -1 },
		"batch is 2147483648":            func(s *Sizing) { s.Batch = math.MaxInt32 + 1 },
		"keys of type 99: the engine do": func(s *Sizing) { s.Keys = 99 },
	} {
		s := good
		change(&s)
		if _, err := f.Estimate(s); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want it to say %q", err, words)
		}
	}
}

// A header may claim what nothing holds. It must not wrap around to something
// that fits.
func TestEstimate_StopsAtTheLargestNumber(t *testing.T) {
	f := described(t, "llama", map[string]any{"block_count": 512, "embedding_length": math.MaxInt32, "vocab_size": math.MaxInt32,
		"attention.head_count": math.MaxInt32, "attention.key_length": math.MaxInt32, "attention.value_length": math.MaxInt32})
	e, err := f.Estimate(Sizing{Cells: math.MaxInt32, Sequences: math.MaxInt32, Batch: math.MaxInt32, Split: true, Keys: F16, Values: F16})
	if err != nil || e.KV != math.MaxInt64 || e.Compute != math.MaxInt64 || e.Total() != math.MaxInt64 {
		t.Errorf("the estimate is %+v, %v", e, err)
	}
}

// describedBench is the header of the benchmark model, made without its 370 MB.
func describedBench(t *testing.T) *File {
	t.Helper()
	head := &limited{left: 4 << 20}
	if err := WriteModel(head, BenchModel()); err == nil {
		t.Fatal("the model fits into 4 MiB")
	}
	f, err := Open(zeros(head.b), 371_520_000)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
