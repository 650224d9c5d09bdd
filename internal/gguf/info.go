package gguf

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// The methods below read single facts of the metadata. What a file does not
// say, or says in another type than the engine takes, is 0, empty or false:
// Check is what complains.

// Architecture is what the model is built like, such as "llama". The keys that
// describe it begin with this.
func (f *File) Architecture() string { return f.text("general.architecture") }

// Name is what the model calls itself.
func (f *File) Name() string { return f.text("general.name") }

// ChatTemplate is the template that renders conversations for the model.
func (f *File) ChatTemplate() string { return f.text(keyTemplate) }

// ContextLength is the context that the model was trained for, in tokens.
func (f *File) ContextLength() int { return f.number("context_length") }

// Layers is the number of layers, those for drafting ahead included.
func (f *File) Layers() int { return f.number("block_count") }

// EmbeddingLength is the width of the model.
func (f *File) EmbeddingLength() int { return f.number("embedding_length") }

// Heads is the number of attention heads of each layer.
func (f *File) Heads() []int { return f.perLayer("attention.head_count") }

// HeadsKV is the number of heads of each layer that keys and values are kept
// for. Without a word on it, every head has its own.
func (f *File) HeadsKV() []int {
	if _, said := f.Get(f.key("attention.head_count_kv")); !said {
		return f.Heads()
	}
	return f.perLayer("attention.head_count_kv")
}

// KeyLength is the width of a head's keys. Unless the file says so, the heads
// share the model's width.
func (f *File) KeyLength() int { return f.headLength("attention.key_length") }

// ValueLength is the width of a head's values.
func (f *File) ValueLength() int { return f.headLength("attention.value_length") }

// SlidingWindow is how many tokens back the layers look that do not look at
// all; 0 if the file does not say so.
func (f *File) SlidingWindow() int { return f.number("attention.sliding_window") }

// VocabSize is the number of tokens.
func (f *File) VocabSize() int {
	if v, ok := f.Get(keyTokens); ok && v.Type == Array && v.Elem == String {
		return v.Len
	}
	return f.number("vocab_size")
}

// Causal reports whether tokens look back only, as in a model that writes.
// Encoders look at the whole text.
func (f *File) Causal() bool {
	v, ok := f.Get(f.key("attention.causal"))
	if !ok {
		return layoutOf(f.Architecture()).cache != noCache
	}
	causal, err := v.Bool()
	return err != nil || causal
}

// Recurrent reports whether some layers carry a state from token to token, so
// that a sequence cannot be cut back to any place.
func (f *File) Recurrent() bool {
	switch layoutOf(f.Architecture()).cache {
	case stateOnly, someStates, bothInAll:
		return true
	}
	for _, suffix := range []string{"ssm.state_size", "wkv.head_size", "shortconv.l_cache", "kda.head_dim"} {
		if f.number(suffix) > 0 {
			return true
		}
	}
	return false
}

// HasClassifier reports whether the model has a head that scores a text, as
// rerankers have.
func (f *File) HasClassifier() bool {
	for _, name := range []string{"cls.weight", "cls.output.weight"} {
		if _, ok := f.names[name]; ok {
			return true
		}
	}
	return false
}

// Pooling is how a model makes one vector out of a text's.
type Pooling int

// The ways of pooling. The numbers are the file's.
const (
	PoolingUnsaid Pooling = -1
	PoolingNone   Pooling = 0
	PoolingMean   Pooling = 1
	PoolingCLS    Pooling = 2
	PoolingLast   Pooling = 3
	PoolingRank   Pooling = 4
)

func (p Pooling) String() string {
	names := []string{"none", "mean", "cls", "last", "rank"}
	if p < 0 || int(p) >= len(names) {
		return "unsaid"
	}
	return names[p]
}

// Pooling is how embeddings are made with the model.
func (f *File) Pooling() Pooling {
	if v, ok := f.Get(f.key("pooling_type")); ok {
		if n, err := v.Uint(); err == nil && n <= uint64(PoolingRank) {
			return Pooling(n)
		}
	}
	return PoolingUnsaid
}

// Answers reports whether the model is there to write. One that says how its
// vectors or scores are made was trained for these and writes nothing of use.
func (f *File) Answers() bool {
	return f.Causal() && f.Pooling() <= PoolingNone && !f.HasClassifier()
}

// CheckScores says why the engine can't score texts with the model; nil where it
// can.
func (f *File) CheckScores() error {
	if !f.HasClassifier() {
		return errors.New("the model has no classification head to score documents with")
	}
	if a := f.Architecture(); f.Causal() && a != "qwen3" && a != "qwen3vl" {
		// The engine scores the first token of others, which has seen nothing of
		// the text where tokens look back only.
		return fmt.Errorf("the engine scores no texts with a model of architecture %s that reads from left to right", a)
	}
	return nil
}

// Parameters is the number of weights in this file.
func (f *File) Parameters() int64 {
	var n int64
	for _, t := range f.Tensors {
		n += t.Elements()
	}
	return n
}

// WeightBytes is the size of the weights in this file.
func (f *File) WeightBytes() int64 {
	var n int64
	for _, t := range f.Tensors {
		n += t.Size
	}
	return n
}

// fileTypes are the usual names of the mixtures of types that files are made
// in, by the number in general.file_type.
var fileTypes = [...]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
	11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
	19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
	26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
	36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}

// Quantization is the short name of how the weights are stored, such as
// "Q4_K_M": as the file says, or else the type that most of its bytes have.
func (f *File) Quantization() string {
	if v, ok := f.Get("general.file_type"); ok {
		if n, err := v.Uint(); err == nil && n < uint64(len(fileTypes)) && fileTypes[n] != "" {
			return fileTypes[n]
		}
	}
	sizes := map[Type]int64{}
	for _, t := range f.Tensors {
		sizes[t.Type] += t.Size
	}
	name, most := "", int64(0)
	for _, t := range slices.Sorted(maps.Keys(sizes)) {
		if sizes[t] > most {
			name, most = t.String(), sizes[t]
		}
	}
	return name
}

// key is the name of a key that belongs to the model's architecture.
func (f *File) key(suffix string) string { return f.Architecture() + "." + suffix }

func (f *File) text(key string) string {
	if v, ok := f.Get(key); ok {
		if s, err := v.Text(); err == nil {
			return s
		}
	}
	return ""
}

// number is an integer of the architecture that fits into 31 bits; otherwise
// 0.
func (f *File) number(suffix string) int {
	if v, ok := f.Get(f.key(suffix)); ok {
		if n, err := v.Uint(); err == nil && n <= math.MaxInt32 {
			return int(n)
		}
	}
	return 0
}

// perLayer is a number for each layer, or one that holds for all. It is nil
// where the file gives neither.
func (f *File) perLayer(suffix string) []int {
	v, ok := f.Get(f.key(suffix))
	layers := f.Layers()
	if !ok || layers == 0 || layers > maxLayers {
		return nil
	}
	if v.Type != Array {
		n, err := v.Uint()
		if err != nil || n > math.MaxInt32 {
			return nil
		}
		return slices.Repeat([]int{int(n)}, layers)
	}
	all, err := v.Ints()
	if err != nil || len(all) != layers {
		return nil
	}
	numbers := make([]int, layers)
	for i, n := range all {
		if n < 0 || n > math.MaxInt32 {
			return nil
		}
		numbers[i] = int(n)
	}
	return numbers
}

func (f *File) headLength(suffix string) int {
	if _, said := f.Get(f.key(suffix)); said {
		return f.number(suffix)
	}
	heads := f.Heads()
	if len(heads) == 0 || heads[0] == 0 {
		return 0
	}
	return f.EmbeddingLength() / heads[0]
}
