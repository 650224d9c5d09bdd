package local

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/weights"
	"github.com/inferd/inferd/model"
)

// tiny writes a small model of random weights, changed as wanted.
func tiny(t *testing.T, change func(*gguf.ModelConfig)) []byte {
	t.Helper()
	c := gguf.TinyModel()
	if change != nil {
		change(&c)
	}
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func save(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bytesOf is what a GGUF writer wrote.
func bytesOf(t *testing.T, w *gguf.Writer) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// split writes a model as several files, and returns the path of the first.
func split(t *testing.T, whole []byte, parts int) string {
	t.Helper()
	f, err := gguf.Parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range parts {
		var w gguf.Writer
		if i == 0 {
			for _, v := range f.Metadata {
				w.Add(v.Key, v)
			}
		}
		w.Add("split.no", uint16(i))
		w.Add("split.count", uint16(parts))
		w.Add("split.tensors.count", int32(len(f.Tensors)))
		for n, tensor := range f.Tensors {
			if n%parts == i {
				data := bytes.NewReader(whole[f.DataOffset+tensor.Offset:][:tensor.Size])
				w.Tensor(tensor.Name, tensor.Type, func(p []byte) error { _, err := data.Read(p); return err }, tensor.Dims...)
			}
		}
		name := fmt.Sprintf("m-%05d-of-%05d.gguf", i+1, parts)
		if err := os.WriteFile(filepath.Join(dir, name), bytesOf(t, &w), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, fmt.Sprintf("m-00001-of-%05d.gguf", parts))
}

// lora writes an adapter for the tiny model's attention.
func lora(t *testing.T, architecture string) string {
	t.Helper()
	const width, rank = 64, 4
	var w gguf.Writer
	w.Add("general.architecture", architecture)
	w.Add("general.type", "adapter")
	w.Add("adapter.type", "lora")
	w.Add("adapter.lora.alpha", float32(rank))
	for _, name := range []string{"blk.0.attn_q.weight", "blk.1.attn_output.weight"} {
		w.Tensor(name+".lora_a", gguf.F32, wave, width, rank)
		w.Tensor(name+".lora_b", gguf.F32, wave, rank, width)
	}
	return save(t, "lora.gguf", bytesOf(t, &w))
}

// wave fills a tensor with numbers that differ.
func wave(p []byte) error {
	for i := 0; i < len(p); i += 4 {
		binary.LittleEndian.PutUint32(p[i:], math.Float32bits(float32(math.Sin(float64(i)))))
	}
	return nil
}

// greedy is the model's answer to one question.
func greedy(t *testing.T, path string, change func(*Config)) string {
	t.Helper()
	b := start(t, func(c *Config) {
		c.Model, c.Options.Slots = path, 1
		if change != nil {
			change(c)
		}
	})
	r := ask("What is the capital of France?")
	r.Params.MaxTokens = 12
	text, _ := answer(t, b.Backend, r)
	b.stop()
	return text
}

func TestOptions_SplitModelsAnswerAsWholeOnes(t *testing.T) {
	whole := tiny(t, nil)
	want := greedy(t, save(t, "whole.gguf", whole), nil)
	if got := greedy(t, split(t, whole, 3), nil); got != want || want == "" {
		t.Errorf("split %q, whole %q", got, want)
	}
}

func TestOptions_ReachTheEngine(t *testing.T) {
	path := save(t, "m.gguf", tiny(t, nil))
	want := greedy(t, path, nil)
	for name, o := range map[string]Options{
		"read, not mapped": {NoMmap: true},
		"kept in memory":   {Mlock: true},
		"both":             {NoMmap: true, Mlock: true},
		"small steps":      {Batch: 32},
		"whole numbers":    {KVTypeK: "f32", KVTypeV: "f32"},
		"flash":            {FlashAttn: "on"},
		"no flash":         {FlashAttn: "off"},
	} {
		got := greedy(t, path, func(c *Config) { o.Slots = 1; c.Options = o })
		if got != want && name != "whole numbers" && name != "flash" || got == "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	blocks := func(c *Config) { c.Options.KVTypeK, c.Options.KVTypeV = "q8_0", "q8_0" }
	if got := greedy(t, save(t, "wide.gguf", tiny(t, wide)), blocks); got == "" {
		t.Error("no answer with a cache in blocks")
	}
}

// wide gives the model heads that fill whole blocks.
func wide(c *gguf.ModelConfig) { c.Embedding, c.HeadLength = 128, 32 }

func TestOptions_ThatMakeNoSenseAreRefusedByName(t *testing.T) {
	path := save(t, "m.gguf", tiny(t, nil))
	for want, change := range map[string]func(*Options){
		`kept in "q9", allowed are bf16`:                    func(o *Options) { o.KVTypeK = "q9" },
		"kv_type_v is q8_0, which needs flash attention":    func(o *Options) { o.KVTypeV, o.FlashAttn = "q8_0", "off" },
		`flash attention "maybe": allowed are auto, on and`: func(o *Options) { o.FlashAttn = "maybe" },
	} {
		w, err := launch(t, slog.New(slog.DiscardHandler), func(c *Config) { c.Model = path; change(&c.Options) })
		w.stop()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// adapted adds an adapter to a config.
func adapted(t *testing.T, path string, scale float32) func(*Config) {
	return func(c *Config) {
		m := weights.New(weights.Config{Model: c.Model, Adapters: []string{path}, StoreRoot: t.TempDir()})
		t.Cleanup(func() { _ = m.Close() })
		c.Files, c.Options.LoRA = m, []float32{scale}
	}
}

func TestOptions_AdaptersChangeTheAnswerByTheirScale(t *testing.T) {
	path := save(t, "m.gguf", tiny(t, nil))
	plain, adapter := greedy(t, path, nil), lora(t, "llama")
	if got := greedy(t, path, adapted(t, adapter, 0)); got != plain {
		t.Errorf("with a scale of 0: %q, without an adapter %q", got, plain)
	}
	if got := greedy(t, path, adapted(t, adapter, 4)); got == plain {
		t.Errorf("with a scale of 4 the answer is the same: %q", got)
	}
	for want, file := range map[string]string{
		"it is for models of architecture": lora(t, "qwen3"),
		`wanted is "adapter"`:              path,
	} {
		w, err := launch(t, slog.New(slog.DiscardHandler), func(c *Config) { c.Model = path; adapted(t, file, 1)(c) })
		w.stop()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestCapabilities_SayWhatTheModelIs(t *testing.T) {
	path := save(t, "m.gguf", tiny(t, func(c *gguf.ModelConfig) {
		c.Name, c.ChatTemplate = "other", "{% for m in messages %}[INST]{{ m.content }}[/INST]{% endfor %}{{ tools }}"
	}))
	b := start(t, func(c *Config) { c.Model = path })
	caps := b.Capabilities()
	want := backend.Traits{Architecture: "llama", Template: "Mistral", Tools: true, TrainedContext: 512}
	const why = "the chat template of family Mistral is not rendered yet"
	if caps.Generate || caps.Traits != want || caps.WhyNot != why || caps.Model != "other" || caps.ContextTokens != 512 {
		t.Errorf("capabilities %+v", caps)
	}
	if _, _, err := generate(t.Context(), b.Backend, ask("Hi")); backend.KindOf(err) != backend.Invalid || err.Error() != why {
		t.Errorf("generate: %v", err)
	}
	own := builtin(t).Capabilities()
	if own.Model != model.Name || own.Traits.Template != "ChatML" || !own.Traits.Tools || !own.Traits.Thinking {
		t.Errorf("the built-in model: %+v", own)
	}
}
