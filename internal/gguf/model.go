package gguf

import (
	"fmt"
	"io"
	"slices"
)

// ModelConfig describes a model of random weights. It writes nonsense, at the
// speed of a real one of its size.
type ModelConfig struct {
	Architecture string // "llama", "qwen2", "qwen3" or "bert"; empty is llama
	Name         string // empty is "random " and the architecture
	Seed         uint64
	Type         Type // of the matrices: F32, F16, Q8_0 or Q4_0

	Layers, Embedding, FeedForward int
	Heads, HeadsKV                 int
	HeadLength                     int // 0 is Embedding / Heads
	Context                        int
	TiedOutput                     bool // no output matrix of its own

	// Tokenizer is "spm" or "bpe", with Vocab made-up tokens. TokenizerFrom
	// takes over another model's instead, vocabulary, template and all, and
	// leaves Tokenizer and Vocab out of account.
	Tokenizer     string
	Vocab         int
	TokenizerFrom *File
	// ChatTemplate replaces the one of the tokenizer, which is ChatML for a
	// made-up one.
	ChatTemplate string

	// Labels give a qwen3 or bert model a head that scores a text for each of
	// them, as rerankers have.
	Labels []string
	// Pooling is how embeddings are made; 0 says nothing about it.
	Pooling Pooling
}

// TinyModel is a model for tests: 0.3 MB, made in a millisecond.
func TinyModel() ModelConfig {
	return ModelConfig{
		Name: "tiny random llama", Type: Q8_0, Layers: 2, Embedding: 64, FeedForward: 128, Heads: 4, HeadsKV: 2,
		Context: 512, Tokenizer: "bpe", Vocab: 1024,
	}
}

// BenchModel is the model that speed is measured with: 350 million parameters
// in 370 MB.
func BenchModel() ModelConfig {
	return ModelConfig{
		Name: "benchmark random llama", Type: Q8_0, Layers: 24, Embedding: 1024, FeedForward: 2816, Heads: 16, HeadsKV: 8,
		Context: 8192, Tokenizer: "spm", Vocab: 32_000,
	}
}

// WriteModel writes a model. The same configuration gives the same bytes, on
// every machine.
func WriteModel(w io.Writer, c ModelConfig) error {
	m := modelWriter{c: c}
	if err := m.prepare(); err != nil {
		return err
	}
	m.metadata()
	if err := m.tokenizer(); err != nil {
		return err
	}
	if m.c.Architecture == bert {
		m.encoderTensors()
	} else {
		m.tensors()
	}
	_, err := m.w.WriteTo(w)
	return err
}

type modelWriter struct {
	w    Writer
	c    ModelConfig
	seed uint64 // of the next tensor
}

// prepare fills in what the configuration leaves open, and refuses what makes
// no model.
func (m *modelWriter) prepare() error {
	c := &m.c
	if c.Architecture == "" {
		c.Architecture = "llama"
	}
	if c.Name == "" {
		c.Name = "random " + c.Architecture
	}
	if c.TokenizerFrom != nil {
		c.Vocab = c.TokenizerFrom.VocabSize()
	}
	if c.HeadLength == 0 && c.Heads > 0 {
		c.HeadLength = c.Embedding / c.Heads
	}
	if !slices.Contains([]string{"llama", "qwen2", "qwen3", bert}, c.Architecture) {
		return fmt.Errorf("random model of architecture %q, allowed are llama, qwen2, qwen3 and bert", c.Architecture)
	}
	if len(c.Labels) > 0 && c.Architecture != "qwen3" && c.Architecture != bert {
		return fmt.Errorf("random model with labels of architecture %s, allowed are qwen3 and bert", c.Architecture)
	}
	for _, d := range []struct {
		what string
		n    int
	}{
		{"layers", c.Layers}, {"embedding", c.Embedding}, {"feed-forward", c.FeedForward}, {"heads", c.Heads},
		{"heads for keys and values", c.HeadsKV}, {"head length", c.HeadLength}, {"context", c.Context}, {"vocabulary", c.Vocab},
	} {
		if d.n < 1 {
			return fmt.Errorf("random model with %s of %d, allowed is 1 and more", d.what, d.n)
		}
	}
	if c.Heads%c.HeadsKV != 0 {
		return fmt.Errorf("random model with %d heads and %d for keys and values, allowed are divisors of the former", c.Heads, c.HeadsKV)
	}
	return nil
}

// metadata describes the model.
func (m *modelWriter) metadata() {
	c, a := m.c, m.c.Architecture
	fileType := map[Type]uint32{F32: 0, F16: 1, Q4_0: 2, Q8_0: 7}[c.Type]
	m.w.Add("general.architecture", a)
	m.w.Add("general.type", "model")
	m.w.Add("general.name", c.Name)
	m.w.Add("general.file_type", fileType)
	m.w.Add("general.quantization_version", uint32(2))
	for _, d := range []struct {
		suffix string
		n      int
	}{
		{"vocab_size", c.Vocab},
		{"context_length", c.Context},
		{"embedding_length", c.Embedding},
		{"block_count", c.Layers},
		{"feed_forward_length", c.FeedForward},
		{"attention.head_count", c.Heads},
		{"attention.head_count_kv", c.HeadsKV},
		{"attention.key_length", c.HeadLength},
		{"attention.value_length", c.HeadLength},
		{"rope.dimension_count", c.HeadLength},
	} {
		m.w.Add(a+"."+d.suffix, uint32(d.n))
	}
	if a == bert {
		m.encoderMetadata()
	} else {
		m.w.Add(a+".rope.freq_base", float32(10_000))
		m.w.Add(a+".attention.layer_norm_rms_epsilon", float32(1e-5))
	}
	if len(c.Labels) > 0 {
		m.w.Add(a+".classifier.output_labels", c.Labels)
		m.c.Pooling = PoolingRank
	}
	if m.c.Pooling > 0 {
		m.w.Add(a+".pooling_type", uint32(m.c.Pooling))
	}
}

// Deviations of the weights, such that neither activations nor logits grow or
// vanish on their way.
const (
	layerDeviation  = 0.02
	embedDeviation  = 0.05
	outputDeviation = 0.08
)

func (m *modelWriter) tensors() {
	c := m.c
	width, inner, vocab := int64(c.Embedding), int64(c.FeedForward), int64(c.Vocab)
	queries, keys := int64(c.Heads*c.HeadLength), int64(c.HeadsKV*c.HeadLength)
	m.matrix("token_embd", embedDeviation, width, vocab)
	m.norm("output_norm", width)
	if !c.TiedOutput {
		m.matrix("output", outputDeviation, width, vocab)
	}
	if n := len(c.Labels); n > 0 {
		m.matrix("cls.output", outputDeviation, width, int64(n))
	}
	for i := range c.Layers {
		block := fmt.Sprintf("blk.%d.", i)
		m.norm(block+"attn_norm", width)
		for _, p := range []struct {
			name string
			size int64
		}{{"attn_q", queries}, {"attn_k", keys}, {"attn_v", keys}} {
			m.matrix(block+p.name, layerDeviation, width, p.size)
			if c.Architecture == "qwen2" {
				m.bias(block+p.name, p.size)
			}
		}
		m.matrix(block+"attn_output", layerDeviation, queries, width)
		if c.Architecture == "qwen3" {
			m.norm(block+"attn_q_norm", int64(c.HeadLength))
			m.norm(block+"attn_k_norm", int64(c.HeadLength))
		}
		m.norm(block+"ffn_norm", width)
		m.matrix(block+"ffn_gate", layerDeviation, width, inner)
		m.matrix(block+"ffn_up", layerDeviation, width, inner)
		m.matrix(block+"ffn_down", layerDeviation, inner, width)
	}
}

func (m *modelWriter) matrix(name string, deviation float64, dims ...int64) {
	m.seed++
	m.w.Tensor(name+".weight", m.c.Type, randomWeights(m.c.Type, deviation, m.c.Seed<<20+m.seed), dims...)
}

func (m *modelWriter) bias(name string, size int64) {
	m.seed++
	m.w.Tensor(name+".bias", F32, randomWeights(F32, layerDeviation, m.c.Seed<<20+m.seed), size)
}

func (m *modelWriter) norm(name string, size int64) {
	m.w.Tensor(name+".weight", F32, constant(1), size)
}
