package memplan

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
)

const mib = 1 << 20

func parse(t testing.TB, b []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func random(t testing.TB, c gguf.ModelConfig) *gguf.File {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, c); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

// described is a model of an architecture with 4 layers, and hardly a weight.
func described(t testing.TB, architecture string, more map[string]uint32) *gguf.File {
	t.Helper()
	var w gguf.Writer
	w.Add("general.architecture", architecture)
	numbers := map[string]uint32{
		"block_count": 4, "context_length": 4096, "embedding_length": 64, "attention.head_count": 4,
		"attention.head_count_kv": 2, "vocab_size": 100, "feed_forward_length": 128,
	}
	maps.Copy(numbers, more)
	for k, v := range numbers {
		w.Add(architecture+"."+k, v)
	}
	w.Tensor("token_embd.weight", gguf.F32, func(p []byte) error { clear(p); return nil }, 64, 100)
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

func plan(t testing.TB, f *gguf.File, o Options) Plan {
	t.Helper()
	p, err := For(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What the engine logged for these sizes, but for compute, which is up to a
// sixth more.
func TestFor_LineByLine(t *testing.T) {
	for _, c := range []struct {
		name string
		f    *gguf.File
		o    Options
		want []Line
	}{
		{"the built-in model", parse(t, model.GGUF), Options{Slots: 4, CacheBytes: 100 * mib}, []Line{
			{What: "weights Q8_0", Bytes: 4_595_712}, {What: "weights F32", Bytes: 13_312},
			{What: "context", Bytes: 12 * mib}, {What: "compute", Bytes: 13_721_600},
			{What: "past prompts", Bytes: 125 * mib}, {What: "worker", Bytes: 32*mib + 1536*320},
		}},
		{"with a short context", parse(t, model.GGUF), Options{Slots: 1, Context: 100, NoMap: true}, []Line{
			{What: "weights Q8_0", Bytes: 4_595_712}, {What: "weights F32", Bytes: 13_312},
			{What: "context", Bytes: 768 << 10}, {What: "compute", Bytes: 3_217_408},
			{What: "worker", Bytes: 32*mib + 1536*320},
		}},
		{"an encoder", random(t, gguf.EmbedModel()), Options{Slots: 4}, []Line{
			{What: "weights Q8_0", Bytes: 139_264}, {What: "weights F32", Bytes: 137_728},
			{What: "compute", Bytes: 6_225_920}, {What: "worker", Bytes: 32*mib + 1024*320},
		}},
		{"half on an accelerator", described(t, "llama", nil), Options{Slots: 1, GPULayers: 2}, []Line{
			{What: "weights F32", Bytes: 12_800}, {What: "weights F32", Bytes: 12_800, Accelerator: true},
			{What: "context", Bytes: mib}, {What: "context", Bytes: mib, Accelerator: true},
			{What: "compute", Bytes: 17_629_584, Accelerator: true}, {What: "worker", Bytes: 32*mib + 100*320},
		}},
	} {
		p := plan(t, c.f, c.o)
		got := p.Lines
		for i := range got {
			got[i].Note = ""
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
		var host int64
		for _, l := range c.want {
			if !l.Accelerator {
				host += l.Bytes
			}
		}
		if p.Host() != host || len(p.Unknown) > 0 {
			t.Errorf("%s: %d bytes in all, want %d; unknown %v", c.name, p.Host(), host, p.Unknown)
		}
	}
}

func TestFor_TypesOfTheContext(t *testing.T) {
	f := random(t, gguf.TinyModel())
	context := func(o Options) int64 {
		for _, l := range plan(t, f, o).Lines {
			if l.What == "context" {
				return l.Bytes
			}
		}
		return 0
	}
	if f16, f32 := context(Options{Slots: 2}), context(Options{Slots: 2, Keys: "f32", Values: "f32"}); f32 != 2*f16 {
		t.Errorf("%d bytes in f16, %d in f32", f16, f32)
	}
	if got, want := context(Options{Slots: 2, Keys: "q8_0"}), context(Options{Slots: 2})*(34+64)/128; got != want {
		t.Errorf("keys in q8_0: %d bytes, want %d", got, want)
	}
}

func TestFor_RefusesWhatCannotBeHad(t *testing.T) {
	f := random(t, gguf.TinyModel())
	for words, o := range map[string]Options{
		"0 slots, allowed are 1 to 256": {},
		"257 slots":                     {Slots: 257},
		"a batch of -1 tokens":          {Slots: 1, Batch: -1},
		`kept in "q9", allowed are bf16, f16, f32, iq4_nl, q4_0, q4_1, q5_0`: {Slots: 1, Keys: "q9"},
		"kv_type_v is q8_0, which needs flash attention":                     {Slots: 1, Values: "q8_0", Flash: FlashOff},
		`flash attention "maybe": allowed are auto, on and off`:              {Slots: 1, Flash: "maybe"},
		"and -1 for adapters": {Slots: 1, AdapterBytes: -1},
		"n_ctx is 513, but the model was trained with a context of 512 tokens": {Slots: 1, Context: 513},
		"a context of -2":           {Slots: 1, Context: -2},
		"-1 bytes for past prompts": {Slots: 1, CacheBytes: -1},
	} {
		if _, err := For(f, o); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%+v: error %v, want %q", o, err, words)
		}
	}
	var none *ContextError
	if _, err := For(described(t, "llama", map[string]uint32{"context_length": 0}), Options{Slots: 1}); !errors.As(err, &none) {
		t.Errorf("a model without a context: %v", err)
	}
}

func TestFor_OwnContextIsBounded(t *testing.T) {
	long := described(t, "llama", map[string]uint32{"context_length": 1 << 20})
	for o, want := range map[int]int{Own: DefaultContext, Auto: AutoContext, 100_000: 100_000} {
		if p := plan(t, long, Options{Slots: 1, Context: o}); p.Context != want {
			t.Errorf("context %d: the plan has %d, want %d", o, p.Context, want)
		}
	}
}

// The engine does not tell these, and nothing is refused for them; but the
// largest context is then not chosen by the rest.
func TestResolve_AutoIsModestWhereThePlanIsIncomplete(t *testing.T) {
	f := described(t, "brand-new", map[string]uint32{"context_length": 1 << 20})
	p, err := plan(t, f, Options{Slots: 1, Context: Auto}).Resolve(Memory{Host: math.MaxInt64})
	if err != nil || p.Context != DefaultContext || len(p.Unknown) == 0 {
		t.Errorf("context %d, unknown %v, %v", p.Context, p.Unknown, err)
	}
}

func TestFor_LayersOfOtherKinds(t *testing.T) {
	whole := plan(t, described(t, "gemma2", map[string]uint32{"attention.sliding_window": 512}), Options{Slots: 2})
	if len(whole.Unknown) > 0 {
		t.Errorf("a sliding window: %v", whole.Unknown)
	}
	mamba := plan(t, described(t, "mamba", map[string]uint32{"ssm.state_size": 16, "ssm.inner_size": 128, "ssm.conv_kernel": 4}), Options{Slots: 2})
	var names []string
	for _, l := range mamba.Lines {
		names = append(names, l.What)
	}
	if d := cmp.Diff([]string{"weights F32", "state", "compute", "worker"}, names); d != "" {
		t.Error(d)
	}
}

func TestFor_PartsOfASplitModelAddTheirWeights(t *testing.T) {
	f := random(t, gguf.TinyModel())
	one, two := plan(t, f, Options{Slots: 1}), plan(t, f, Options{Slots: 1, Parts: []*gguf.File{f}})
	if got := two.Host() - one.Host(); got != f.WeightBytes() {
		t.Errorf("a part adds %d bytes, want %d", got, f.WeightBytes())
	}
}

// A model whose dimensions multiply to more than numbers hold fits nowhere, and
// nothing overflows.
func TestFor_StopsAtTheLargestNumber(t *testing.T) {
	f := described(t, "llama", map[string]uint32{
		"context_length": math.MaxInt32, "embedding_length": math.MaxInt32, "attention.head_count": 1 << 30,
		"attention.head_count_kv": 1 << 30, "attention.key_length": math.MaxInt32, "attention.value_length": math.MaxInt32,
	})
	p := plan(t, f, Options{Slots: 256, Context: math.MaxInt32, CacheBytes: math.MaxInt64})
	if p.Host() != math.MaxInt64 || p.Private() < 0 || p.Fits(Memory{Host: 1 << 50}) || p.LargestContext(Memory{Host: 1 << 50}) != 0 {
		t.Errorf("%d bytes, private %d", p.Host(), p.Private())
	}
}

func TestPrivate_LeavesTheMappedFileOut(t *testing.T) {
	f := random(t, gguf.TinyModel()) // Q8_0 may be copied into another order, and the rest is not
	mapped, read := plan(t, f, Options{Slots: 1}), plan(t, f, Options{Slots: 1, NoMap: true})
	if mapped.Host() != read.Host() || read.Private() != read.Host() || mapped.Private() >= read.Private() {
		t.Errorf("mapped %d of %d, read %d of %d", mapped.Private(), mapped.Host(), read.Private(), read.Host())
	}
}

// More context never needs less, whatever the rest is, and neither do more
// slots.
func TestPlan_MoreNeverNeedsLess(t *testing.T) {
	files := []*gguf.File{
		parse(t, model.GGUF), random(t, gguf.EmbedModel()), described(t, "qwen3", nil), described(t, "unheard-of", nil),
		described(t, "gemma2", map[string]uint32{"attention.sliding_window": 512}),
		described(t, "mamba", map[string]uint32{"ssm.state_size": 16, "ssm.inner_size": 128, "ssm.conv_kernel": 4}),
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(files).Draw(t, "model")
		o := Options{
			Slots: rapid.IntRange(1, 32).Draw(t, "slots"), Batch: rapid.IntRange(1, 2048).Draw(t, "batch"),
			Context:   rapid.IntRange(1, f.ContextLength()).Draw(t, "context"),
			GPULayers: rapid.IntRange(-1, 9).Draw(t, "gpu"), NoMap: rapid.Bool().Draw(t, "read"),
		}
		p, err := For(f, o)
		if err != nil {
			t.Fatal(err)
		}
		more := p.At(rapid.IntRange(p.Context, f.ContextLength()).Draw(t, "more"))
		if more.Host() < p.Host() || more.Accelerator() < p.Accelerator() || more.Private() < p.Private() {
			t.Errorf("context %d takes %d, %d takes %d", p.Context, p.Host(), more.Context, more.Host())
		}
		o.Slots++
		if next, err := For(f, o); err != nil || next.Host() < p.Host() {
			t.Errorf("%d slots take %d, one less %d (%v)", o.Slots, next.Host(), p.Host(), err)
		}
		if p.Private() > p.Host() {
			t.Errorf("%d of %d bytes are private", p.Private(), p.Host())
		}
	})
}
