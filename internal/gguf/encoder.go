package gguf

import "fmt"

// bert is the architecture of encoders: a text is read in one go, and comes
// out as a vector or a score.
const bert = "bert"

// EmbedModel is a model for tests that turns a text into 64 numbers, the mean
// of its tokens: 0.3 MB. TokenizerFrom gives it a real vocabulary.
func EmbedModel() ModelConfig {
	return ModelConfig{
		Name: "tiny random embedder", Architecture: bert, Type: Q8_0, Layers: 2, Embedding: 64, FeedForward: 128,
		Heads: 4, HeadsKV: 4, Context: 512, Tokenizer: "bpe", Vocab: 1024, Pooling: PoolingMean,
	}
}

// RerankModel is a model for tests that scores how well a text answers a
// question: one number from a classification head, as large as EmbedModel.
func RerankModel() ModelConfig {
	c := EmbedModel()
	c.Name, c.Labels = "tiny random reranker", []string{"relevance"}
	return c
}

// encoderMetadata is what the engine wants to know of an encoder beside its
// dimensions.
func (m *modelWriter) encoderMetadata() {
	m.w.Add(bert+".attention.layer_norm_epsilon", float32(1e-12))
	m.w.Add(bert+".attention.causal", false)
	m.w.Add("tokenizer.ggml.token_type_count", uint32(2))
}

// encoderTensors has positions as a table, biases everywhere, and norms after
// what they belong to.
func (m *modelWriter) encoderTensors() {
	c := m.c
	width, inner := int64(c.Embedding), int64(c.FeedForward)
	keys := int64(c.HeadsKV * c.HeadLength)
	m.matrix("token_embd", embedDeviation, width, int64(c.Vocab))
	m.table("token_types", width, 2)
	m.table("position_embd", width, int64(c.Context))
	m.layerNorm("token_embd_norm", width)
	if n := len(c.Labels); n > 0 {
		m.dense("cls", width, width)
		m.dense("cls.output", width, int64(n))
	}
	for i := range c.Layers {
		block := fmt.Sprintf("blk.%d.", i)
		m.dense(block+"attn_q", width, width)
		m.dense(block+"attn_k", width, keys)
		m.dense(block+"attn_v", width, keys)
		m.dense(block+"attn_output", width, width)
		m.layerNorm(block+"attn_output_norm", width)
		m.dense(block+"ffn_up", width, inner)
		m.dense(block+"ffn_down", inner, width)
		m.layerNorm(block+"layer_output_norm", width)
	}
}

// table is looked up in and added, which the engine does in F32.
func (m *modelWriter) table(name string, dims ...int64) {
	m.seed++
	m.w.Tensor(name+".weight", F32, randomWeights(F32, embedDeviation, m.c.Seed<<20+m.seed), dims...)
}

// dense is a matrix with a bias. Its deviation is larger than that of other
// models' layers: each layer's output is scaled by the norm after it, and
// small numbers would leave all texts with the same vector.
func (m *modelWriter) dense(name string, in, out int64) {
	m.matrix(name, outputDeviation, in, out)
	m.bias(name, out)
}

func (m *modelWriter) layerNorm(name string, size int64) {
	m.norm(name, size)
	m.bias(name, size)
}
