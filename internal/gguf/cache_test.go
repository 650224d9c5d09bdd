package gguf

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

type knownModel struct {
	name         string
	architecture string
	numbers      map[string]any
	perToken     int64 // with keys and values in F16
}

// Numbers of well-known models, and what comes out of them by hand.
var known = []knownModel{
	{"Llama 3.1 8B", "llama", map[string]any{ // 32 layers * (8 + 8) heads * 128 * 2 bytes
		"block_count": 32, "embedding_length": 4096, "attention.head_count": 32, "attention.head_count_kv": 8}, 131_072},
	{"Llama 2 7B", "llama", map[string]any{ // every head has its own: 32 * 2 * 4096 * 2
		"block_count": 32, "embedding_length": 4096, "attention.head_count": 32}, 524_288},
	{"Qwen2.5 0.5B", "qwen2", map[string]any{ // 24 * (2 + 2) * 64 * 2
		"block_count": 24, "embedding_length": 896, "attention.head_count": 14, "attention.head_count_kv": 2}, 12_288},
	{"Qwen3 0.6B", "qwen3", map[string]any{ // heads wider than their share: 28 * (8 + 8) * 128 * 2
		"block_count": 28, "embedding_length": 1024, "attention.head_count": 16, "attention.head_count_kv": 8,
		"attention.key_length": 128, "attention.value_length": 128}, 114_688},
	{"Gemma 2 9B", "gemma2", map[string]any{ // 42 * (8 + 8) * 256 * 2
		"block_count": 42, "embedding_length": 3584, "attention.head_count": 16, "attention.head_count_kv": 8,
		"attention.key_length": 256, "attention.value_length": 256, "attention.sliding_window": 4096}, 344_064},
	{"GLM-4.5 Air, without its drafting layer", "glm4moe", map[string]any{ // 46 * (8 + 8) * 128 * 2
		"block_count": 47, "nextn_predict_layers": 1, "embedding_length": 4096, "attention.head_count": 96,
		"attention.head_count_kv": 8, "attention.key_length": 128, "attention.value_length": 128}, 188_416},
	{"DeepSeek V2 Lite, compressed", "deepseek2", map[string]any{ // 27 * (512 + 64) * 2, no values
		"block_count": 27, "embedding_length": 2048, "attention.head_count": 16, "attention.head_count_kv": 1,
		"attention.key_length": 576, "attention.value_length": 512,
		"attention.key_length_mla": 192, "attention.value_length_mla": 128}, 31_104},
	{"DeepSeek V2 Lite, as it was converted at first", "deepseek2", map[string]any{ // 27 * 16 * (192 + 128) * 2
		"block_count": 27, "embedding_length": 2048, "attention.head_count": 16, "attention.head_count_kv": 16,
		"attention.key_length": 192, "attention.value_length": 128}, 27 * 16 * (192 + 128) * 2},
	{"Gemma 3n E2B, keys and values in 20 of 30 layers", "gemma3n", map[string]any{ // 20 * (2 + 2) * 256 * 2
		"block_count": 30, "embedding_length": 2048, "attention.head_count": 8, "attention.head_count_kv": 2,
		"attention.key_length": 256, "attention.value_length": 256, "attention.sliding_window": 512}, 40_960},
	{"Gemma 4, the last two layers share", "gemma4", map[string]any{ // keys of 64 and 256, values as wide as the widest
		"block_count": 4, "embedding_length": 64, "attention.head_count": 2, "attention.head_count_kv": 1,
		"attention.key_length": 256, "attention.value_length": 256, "attention.key_length_swa": 64,
		"attention.value_length_swa": 64, "attention.sliding_window": 512, "attention.shared_kv_layers": 2,
		"attention.sliding_window_pattern": []bool{true, false, true, false}}, (64 + 256 + 256 + 256) * 2},
	{"nothing but drafting layers", "qwen3", map[string]any{ // 2 * (1 + 1) * 32 * 2
		"block_count": 2, "nextn_predict_layers": 2, "embedding_length": 64, "attention.head_count": 2,
		"attention.head_count_kv": 1}, 256},
	{"an encoder", "bert", map[string]any{"block_count": 12, "embedding_length": 768, "attention.head_count": 12}, 0},
	{"Mamba 2.8B", "mamba", map[string]any{"block_count": 64, "embedding_length": 2560,
		"ssm.conv_kernel": 4, "ssm.inner_size": 5120, "ssm.state_size": 16}, 0},
	{"Qwen3-Next 80B, attention in every fourth layer", "qwen3next", map[string]any{ // 12 * (2 + 2) * 256 * 2
		"block_count": 48, "embedding_length": 2048, "attention.head_count": 16, "attention.head_count_kv": 2,
		"attention.key_length": 256, "attention.value_length": 256}, 24_576},
}

func TestKVBytesPerToken_OfKnownModels(t *testing.T) {
	for _, m := range known {
		got, err := described(t, m.architecture, m.numbers).KVBytesPerToken(F16, F16)
		if got != m.perToken || err != nil {
			t.Errorf("%s: %d bytes, %v; want %d", m.name, got, err, m.perToken)
		}
	}
}

func TestKVBytesPerToken_InOtherTypes(t *testing.T) {
	f := described(t, "llama", known[0].numbers)
	for _, c := range []struct {
		keys, values Type
		want         int64
	}{{F32, F32, 262_144}, {Q8_0, Q8_0, 69_632}, {Q8_0, Q4_0, 32 * 1024 / 32 * (34 + 18)}, {BF16, F16, 131_072}} {
		if got, err := f.KVBytesPerToken(c.keys, c.values); got != c.want || err != nil {
			t.Errorf("%s and %s: %d bytes, %v; want %d", c.keys, c.values, got, err, c.want)
		}
	}
	narrow := described(t, "llama", map[string]any{"block_count": 1, "embedding_length": 80, "attention.head_count": 2, "attention.head_count_kv": 1})
	for words, types := range map[string][2]Type{
		"keys of Q8_0: a layer of the model keeps 40 numbers, allowed for the type are multiples of 32": {Q8_0, F16},
		"values of Q4_0: a layer":                           {F16, Q4_0},
		"keys of type 5: the engine does not know the type": {5, F16},
	} {
		_, err := narrow.KVBytesPerToken(types[0], types[1])
		if err == nil || !strings.Contains(err.Error(), words) || errors.Is(err, ErrUnknownCache) {
			t.Errorf("error is %v, want it to say %q", err, words)
		}
	}
}

// The header does not tell: then neither do we.
func TestKVBytesPerToken_SaysWhatItDoesNotKnow(t *testing.T) {
	whole := map[string]any{"block_count": 4, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2}
	dims := func(more map[string]any) map[string]any { return with(whole, more) }
	for words, f := range map[string]*File{
		`the architecture "brand-new" is not known`:       described(t, "brand-new", dims(nil)),
		`the architecture "" is not known`:                parse(t, start(0, 0).b),
		`"llama.block_count" must be 1 to 512`:            described(t, "llama", dims(map[string]any{"block_count": 513})),
		`"llama.block_count" must be 1 to`:                described(t, "llama", dims(map[string]any{"block_count": nil})),
		"lacks the number or the length of":               described(t, "llama", dims(map[string]any{"attention.head_count": nil, "attention.head_count_kv": nil})),
		"lacks the number or the length":                  described(t, "llama", dims(map[string]any{"attention.key_length": 0})),
		"does not say which layers have a sliding window": described(t, "mimo2", dims(map[string]any{"attention.sliding_window": 128})),
		"must be a list of at most 4": described(t, "gemma3", dims(map[string]any{
			"attention.sliding_window": 128, "attention.sliding_window_pattern": []bool{true, true, true, true, true}})),
		"does not say which layers have attention heads": described(t, "jamba", dims(map[string]any{
			"attention.head_count": []int32{1}, "attention.head_count_kv": []int32{1}})),
		`"qwen35.full_attention_interval" must not be 0`: described(t, "qwen35", dims(map[string]any{"full_attention_interval": 0})),
		`"qwen35.attention.recurrent_layers" must have`: described(t, "qwen35", dims(map[string]any{
			"attention.recurrent_layers": []bool{true}})),
	} {
		n, err := f.KVBytesPerToken(F16, F16)
		if n != 0 || !errors.Is(err, ErrUnknownCache) || !strings.Contains(err.Error(), words) {
			t.Errorf("got %d, %v; want ErrUnknownCache with %q", n, err, words)
		}
		e, err := f.Estimate(Sizing{Cells: 256, Sequences: 1, Batch: 64, Keys: F16, Values: F16})
		if e.KV != 0 || len(e.Unknown) == 0 || !strings.Contains(e.Unknown[0], words) || err != nil {
			t.Errorf("the estimate is %+v, %v; want it to say %q", e, err, words)
		}
	}
}

func TestLayers_WithASlidingWindow(t *testing.T) {
	dims := map[string]any{"block_count": 8, "embedding_length": 64, "attention.head_count": 2, "attention.sliding_window": 100}
	for name, c := range map[string]struct {
		f    *File
		want []int // layers
	}{
		"every sixth sees all":         {described(t, "gemma3", dims), []int{0, 1, 2, 3, 4, 6, 7}},
		"every second sees all":        {described(t, "gpt-oss", dims), []int{0, 2, 4, 6}},
		"every fourth, from the first": {described(t, "cohere2moe", dims), []int{1, 2, 3, 5, 6, 7}},
		"a period in the file":         {described(t, "gemma3", with(dims, map[string]any{"attention.sliding_window_pattern": 2})), []int{0, 2, 4, 6}},
		"a list in the file": {described(t, "gemma3", with(dims, map[string]any{
			"attention.sliding_window_pattern": []bool{false, true, true, false, false, false, false, true}})), []int{1, 2, 7}},
		"a period of none":              {described(t, "olmo2", with(dims, map[string]any{"attention.sliding_window_pattern": 0})), []int{0, 1, 2, 3, 4, 5, 6, 7}},
		"a window that is switched off": {described(t, "gemma3", with(dims, map[string]any{"attention.sliding_window": 0})), nil},
		"only at 64 layers":             {described(t, "exaone4", dims), nil},
		"ignored by the engine":         {described(t, "phi3", dims), nil},
		"in attention layers only": {described(t, "lfm2", with(dims, map[string]any{
			"attention.head_count_kv": []int32{0, 0, 2, 0, 0, 2, 0, 0}, "shortconv.l_cache": 3})), []int{2, 5}},
	} {
		layers, err := c.f.layerCaches()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []int
		for i, l := range layers {
			if l.windowed {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: layers %v have a window, want %v", name, got, c.want)
		}
	}
}

func TestLayers_WithAState(t *testing.T) {
	for name, c := range map[string]struct {
		architecture string
		numbers      map[string]any
		layers       int
		state        int64 // numbers in each
	}{
		"Mamba 2.8B": {"mamba", numbersOf("Mamba 2.8B"), 64, 3*5120 + 16*5120},
		"Mamba 2 2.7B": {"mamba2", map[string]any{"block_count": 64, "embedding_length": 2560, "ssm.conv_kernel": 4,
			"ssm.inner_size": 5120, "ssm.state_size": 128, "ssm.group_count": 1}, 64, 3*(5120+2*128) + 128*5120},
		"Qwen3-Next": {"qwen3next", with(numbersOf("Qwen3-Next 80B, attention in every fourth layer"), map[string]any{"ssm.conv_kernel": 4, "ssm.inner_size": 4096,
			"ssm.state_size": 128, "ssm.group_count": 16}), 36, 3*(4096+2*16*128) + 128*4096},
		"with a list": {"qwen3next", with(numbersOf("Qwen3-Next 80B, attention in every fourth layer"), map[string]any{"ssm.conv_kernel": 2, "ssm.inner_size": 8,
			"attention.recurrent_layers": append(slices.Repeat([]uint32{0}, 47), 1)}), 1, 8},
		"RWKV 7": {"rwkv7", map[string]any{"block_count": 24, "embedding_length": 2048, "wkv.head_size": 64}, 24, 2*2048 + 64*2048},
		"RWKV with one shift": {"arwkv7", map[string]any{"block_count": 2, "embedding_length": 64, "wkv.head_size": 64,
			"token_shift_count": 1}, 2, 64 + 64*64},
		"LFM2 1.2B": {"lfm2", map[string]any{"block_count": 4, "embedding_length": 2048, "attention.head_count": 32,
			"attention.head_count_kv": []int32{0, 8, 0, 8}, "shortconv.l_cache": 3}, 2, 2 * 2048},
		"Falcon H1": {"falcon-h1", map[string]any{"block_count": 2, "embedding_length": 64, "attention.head_count": 2,
			"ssm.conv_kernel": 4, "ssm.inner_size": 128, "ssm.state_size": 16, "ssm.group_count": 1}, 2, 3*(128+32) + 16*128},
		"Nemotron H": {"nemotron_h", map[string]any{"block_count": 3, "embedding_length": 64, "attention.head_count": 2,
			"attention.head_count_kv": []int32{0, 2, 0}, "feed_forward_length": []int32{0, 0, 128},
			"ssm.conv_kernel": 4, "ssm.inner_size": 128, "ssm.state_size": 16, "ssm.group_count": 1}, 1, 3*(128+32) + 16*128},
		"Kimi Linear": {"kimi-linear", map[string]any{"block_count": 2, "embedding_length": 64, "attention.head_count": 2,
			"attention.head_count_kv": []int32{0, 1}, "kda.head_dim": 8, "ssm.conv_kernel": 4}, 1, 3*3*2*8 + 8*8*2},
		"MiniMax 01": {"minimax-01", map[string]any{"block_count": 8, "embedding_length": 64, "attention.head_count": 2,
			"attention.key_length": 16}, 7, 16 * 16 * 2},
	} {
		f := described(t, c.architecture, c.numbers)
		layers, err := f.layerCaches()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n := 0
		for i, l := range layers {
			if l.state == 0 {
				continue
			}
			n++
			if l.state != c.state {
				t.Errorf("%s: layer %d has a state of %d numbers, want %d", name, i, l.state, c.state)
			}
		}
		if n != c.layers {
			t.Errorf("%s: %d layers have a state, want %d", name, n, c.layers)
		}
		e, err := f.Estimate(Sizing{Cells: 256, Sequences: 3, Batch: 64, Keys: F16, Values: F16})
		if want := int64(c.layers) * c.state * 4 * 3; e.State != want || err != nil || len(e.Unknown) == 0 {
			t.Errorf("%s: states of %d bytes in all, %v, %v; want %d", name, e.State, e.Unknown, err, want)
		}
	}
}

func numbersOf(name string) map[string]any {
	return known[slices.IndexFunc(known, func(m knownModel) bool { return m.name == name })].numbers
}

// with is a with what b changes; nil takes a number away.
func with(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}
