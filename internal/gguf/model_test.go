package gguf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/prompt/chatml"
	"github.com/inferd/inferd/model"
)

// The bytes are part of what a benchmark compares: a change here is a change of
// the yardstick.
func TestWriteModel_IsTheSameToTheByte(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ModelConfig)
		want   string
	}{
		"tiny":       {func(*ModelConfig) {}, "ec556fa9dfe94ebf"},
		"F32":        {func(c *ModelConfig) { c.Type = F32 }, "b8ba31c666ff97ca"},
		"F16":        {func(c *ModelConfig) { c.Type = F16 }, "f99bf77ae96e3c8a"},
		"Q4_0":       {func(c *ModelConfig) { c.Type = Q4_0 }, "178fa24034e7a935"},
		"qwen2, spm": {func(c *ModelConfig) { c.Architecture, c.Tokenizer = "qwen2", "spm" }, "bcb541f4849a6a65"},
		"qwen3 that ranks": {func(c *ModelConfig) { c.Architecture, c.Labels, c.HeadLength = "qwen3", []string{"yes"}, 32 },
			"5e71237a987938a3"},
		"tied, another seed": {func(c *ModelConfig) { c.TiedOutput, c.Seed = true, 7 }, "2d1ba183690151bb"},
	} {
		m := TinyModel()
		c.change(&m)
		sum := sha256.Sum256(random(t, m))
		if got := hex.EncodeToString(sum[:8]); got != c.want {
			t.Errorf("%s: the digest begins with %s, want %s", name, got, c.want)
		}
	}
}

func TestWriteModel_TheBenchmarkModel(t *testing.T) {
	f := describedBench(t)
	want := facts{
		Architecture: "llama", Name: "benchmark random llama", Quantization: "Q8_0",
		Context: 8192, Layers: 24, Width: 1024, Keys: 64, Values: 64,
		Heads: slices.Repeat([]int{16}, 24), HeadsKV: slices.Repeat([]int{8}, 24), Vocab: 32_000,
		Causal: true, HasTemplate: true, Pooling: PoolingUnsaid,
		Parameters: 348_701_696, Weights: 370_642_944,
	}
	if d := cmp.Diff(want, factsOf(f)); d != "" {
		t.Error(d)
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if f.DataOffset+f.DataSize != f.Size {
		t.Errorf("the data ends at %d, the file at %d", f.DataOffset+f.DataSize, f.Size)
	}
}

func BenchmarkWriteModel(b *testing.B) {
	b.SetBytes(371_520_000)
	for b.Loop() {
		if err := WriteModel(io.Discard, BenchModel()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWriteModel_ItsTemplateIsKnown(t *testing.T) {
	f := parse(t, random(t, TinyModel()))
	if _, ok := chatml.Lookup(f.ChatTemplate()); !ok || f.ChatTemplate() != ChatML {
		t.Errorf("the template is %q, which nobody can render", f.ChatTemplate())
	}
	c := TinyModel()
	c.ChatTemplate = "{{ messages }}"
	if got := parse(t, random(t, c)).ChatTemplate(); got != c.ChatTemplate {
		t.Errorf("the template is %q, want the given one", got)
	}
}

func TestWriteModel_TakesOverATokenizer(t *testing.T) {
	builtin := parse(t, model.GGUF)
	c := TinyModel()
	c.TokenizerFrom, c.Vocab, c.Tokenizer = builtin, 0, ""
	f := parse(t, random(t, c))
	if f.VocabSize() != builtin.VocabSize() || f.ChatTemplate() != builtin.ChatTemplate() {
		t.Errorf("%d tokens and the template %.20q, want the other model's", f.VocabSize(), f.ChatTemplate())
	}
	if x, _ := f.Tensor("token_embd.weight"); !slices.Equal(x.Dims, []int64{64, 1536}) {
		t.Errorf("the embedding has dimensions %v, want a row for each of 1536 tokens", x.Dims)
	}
	for _, v := range builtin.Metadata {
		if !strings.HasPrefix(v.Key, "tokenizer.") {
			continue
		}
		got, ok := f.Get(v.Key)
		a, _ := got.bytes()
		b, _ := v.bytes()
		if !ok || got.Type != v.Type || !bytes.Equal(a, b) {
			t.Errorf("%q is not what it was", v.Key)
		}
	}
	c.ChatTemplate = ChatML
	if got := parse(t, random(t, c)).ChatTemplate(); got != ChatML {
		t.Errorf("the template is %.20q, want the given one", got)
	}
}

func TestWriteModel_RefusesWhatMakesNoModel(t *testing.T) {
	for words, change := range map[string]func(*ModelConfig){
		`architecture "gpt2", allowed are llama, qwen2, qwen3 and bert`: func(c *ModelConfig) { c.Architecture = "gpt2" },
		"labels of architecture llama, allowed are qwen3 and bert":      func(c *ModelConfig) { c.Labels = []string{"a"} },
		"layers of 0, allowed is 1 and more":                            func(c *ModelConfig) { c.Layers = 0 },
		"heads of 0,":                                                   func(c *ModelConfig) { c.Heads = 0 },
		"heads for keys and values of 0":                                func(c *ModelConfig) { c.HeadsKV = 0 },
		"4 heads and 3 for keys and values":                             func(c *ModelConfig) { c.HeadsKV = 3 },
		"head length of -1":                                             func(c *ModelConfig) { c.HeadLength = -1 },
		"context of 0":                                                  func(c *ModelConfig) { c.Context = 0 },
		"vocabulary of 0":                                               func(c *ModelConfig) { c.Vocab = 0 },
		`tokenizer "wpm", allowed are spm and bpe`:                      func(c *ModelConfig) { c.Tokenizer = "wpm" },
		"a vocabulary of 300, allowed for bpe is":                       func(c *ModelConfig) { c.Vocab = 300 },
		"a vocabulary of 300, allowed for spm is":                       func(c *ModelConfig) { c.Vocab, c.Tokenizer = 300, "spm" },
		"random weights of type Q6_K, allowed are F32, F16, Q8_0 and":   func(c *ModelConfig) { c.Type, c.Embedding, c.FeedForward = Q6_K, 256, 256 },
		`add tensor "blk.0.ffn_down.weight": dimensions [100 64] of Q`:  func(c *ModelConfig) { c.FeedForward = 100 },
	} {
		c := TinyModel()
		change(&c)
		if err := WriteModel(io.Discard, c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want it to say %q", err, words)
		}
	}
}

// Every text can be written in its tokens, and the words that are common are
// tokens of their own.
func TestTokenizer_HasWhatATokenizerNeeds(t *testing.T) {
	for name, vocab := range map[string]int{"spm": 2000, "bpe": 1024} {
		c := TinyModel()
		c.Tokenizer, c.Vocab = name, vocab
		f := parse(t, random(t, c))
		v, _ := f.Get(keyTokens)
		tokens, err := v.Strings()
		if err != nil || len(tokens) != vocab {
			t.Fatalf("%s: %d tokens, %v; want %d", name, len(tokens), err, vocab)
		}
		want := append([]string{"▁water", "▁the", "▁", "<0x00>", "<0xFF>", "a", "~"}, controls...)
		if name == "bpe" {
			want = append([]string{"Ġwater", "Ġthe", "Ġ", "Ā", "ÿ", "a", "~"}, controls...)
		}
		for _, w := range want {
			if !slices.Contains(tokens, w) {
				t.Errorf("%s has no token %q", name, w)
			}
		}
		for _, key := range []string{
			"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
			"tokenizer.ggml.padding_token_id", "tokenizer.ggml.seperator_token_id",
		} {
			id, ok := f.Get(key)
			if n, err := id.Uint(); !ok || err != nil || n >= uint64(vocab) || !strings.HasPrefix(tokens[n], "<") {
				t.Errorf("%s: %s is %d, %v", name, key, n, err)
			}
		}
	}
}

func TestRandomWeights_HaveTheirDeviation(t *testing.T) {
	const n, want = 1 << 16, 0.02
	p := make([]byte, 4*n)
	if err := randomWeights(F32, want, 1)(p); err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for i := 0; i < len(p); i += 4 {
		x := float64(math.Float32frombits(uint32(p[i]) | uint32(p[i+1])<<8 | uint32(p[i+2])<<16 | uint32(p[i+3])<<24))
		sum += x
		squares += x * x
	}
	if got := math.Sqrt(squares / n); math.Abs(got/want-1) > 0.02 || math.Abs(sum/n) > want/50 {
		t.Errorf("the weights are around %v with a deviation of %v, want 0 and %v", sum/n, got, want)
	}
}

func TestNoLowest_TurnsOneByteOnly(t *testing.T) {
	r := newXorshift(3)
	for range 100_000 {
		x := r.next()
		if r.next()%2 == 0 { // put the byte in question where it may be
			shift := r.next() % 8 * 8
			x = x&^(0xff<<shift) | 0x80<<shift
		}
		got := noLowest(x)
		for shift := 0; shift < 64; shift += 8 {
			in, out := byte(x>>shift), byte(got>>shift)
			if in == 0x80 && out != 0x81 || in != 0x80 && out != in {
				t.Fatalf("%#x becomes %#x: byte %d is %#x", x, got, shift/8, out)
			}
		}
	}
}

func TestXorshift_SeedsGiveDifferentNumbers(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(10_000) {
		x := newXorshift(seed).next()
		if other, again := seen[x]; again || x == 0 {
			t.Fatalf("seeds %d and %d begin with %#x", other, seed, x)
		}
		seen[x] = seed
	}
}

func TestHalf_RoundsTowardsZero(t *testing.T) {
	for x, want := range map[float32]uint16{
		0: 0, 1: 0x3c00, -1: 0xbc00, 0.5: 0x3800, 65_504: 0x7bff, 65_536: 0x7c00, 1e9: 0x7c00, -1e9: 0xfc00,
		1.0009: 0x3c00, 6.1035156e-05: 0x0400, 5.9604645e-08: 0x0001, 1e-9: 0, 3.0517578e-05: 0x0200,
		float32(math.Inf(1)): 0x7c00,
	} {
		if got := half(x); got != want {
			t.Errorf("half(%v) is %#04x, want %#04x", x, got, want)
		}
	}
}
