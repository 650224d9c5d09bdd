package gguf

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/inferd/inferd/model"
)

func TestCheck_TakesModels(t *testing.T) {
	for _, architecture := range []string{"llama", "qwen2", "qwen3"} {
		for _, tokenizer := range []string{"spm", "bpe"} {
			c := TinyModel()
			c.Architecture, c.Tokenizer = architecture, tokenizer
			if err := parse(t, random(t, c)).Check(); err != nil {
				t.Errorf("%s with %s: %v", architecture, tokenizer, err)
			}
		}
	}
	if err := parse(t, edit(t, parse(t, model.GGUF), nil, nil)).Check(); err != nil {
		t.Errorf("the built-in model, written again: %v", err)
	}
	for name, e := range map[string]edits{
		"a model without a vocabulary": {"tokenizer.ggml.model": "none", keyTokens: nil, "tokenizer.ggml.token_type": nil},
		"scores for more tokens":       {"tokenizer.ggml.scores": make([]float32, 2000)},
		"one empty token":              {keyTokens: []string{"a", "", "b"}},
		"one expert, which is none":    {"llama.expert_count": uint32(1)},
		"experts":                      {"llama.expert_count": uint32(8), "llama.expert_used_count": uint32(2)},
		"groups of experts": {"llama.expert_count": uint32(8), "llama.expert_used_count": uint32(2),
			"llama.expert_group_count": uint32(4), "llama.expert_group_used_count": uint32(2)},
		"a number for each layer": {"llama.attention.head_count_kv": []uint32{2, 2}, "llama.feed_forward_length": []int32{128, 128}},
		"scaled rotation":         {"llama.rope.scaling.type": "yarn"},
		"no rotation given":       {"llama.rope.dimension_count": nil},
		"the first of two parts":  {keySplitNo: uint16(0), keySplitCount: uint16(2), keySplitTensors: int32(40)},
	} {
		if err := parse(t, edit(t, parse(t, random(t, TinyModel())), e, nil)).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck_RefusesWhatTheEngineWouldCrashOn(t *testing.T) {
	tiny := parse(t, random(t, TinyModel()))
	experts := edits{"llama.expert_count": uint32(8), "llama.expert_used_count": uint32(2)}
	and := func(a, b edits) edits { return with(a, b) }
	for words, e := range map[string]edits{
		`no "general.architecture", wanted is a string`:                      {"general.architecture": nil},
		`"general.architecture" is 3, wanted is a string`:                    {"general.architecture": uint32(3)},
		`"general.architecture" is "", wanted`:                               {"general.architecture": ""},
		`part 2 of 2 of a model`:                                             {keySplitNo: uint16(1), keySplitCount: uint16(2), keySplitTensors: int32(40)},
		`"split.count" has type uint32`:                                      {keySplitNo: uint16(0), keySplitCount: uint32(2), keySplitTensors: int32(40)},
		`no "llama.block_count", wanted is a number from 1 to 512`:           {"llama.block_count": nil},
		`"llama.block_count" is 0, wanted`:                                   {"llama.block_count": uint32(0)},
		`"llama.block_count" is 513, wanted`:                                 {"llama.block_count": uint32(513)},
		`"llama.block_count" is -1, wanted`:                                  {"llama.block_count": int32(-1)},
		`"llama.block_count" is an array of 1 uint32, wanted`:                {"llama.block_count": []uint32{2}},
		`"llama.block_count" is "2", wanted`:                                 {"llama.block_count": "2"},
		`"llama.block_count" is 2.5, wanted`:                                 {"llama.block_count": float32(2.5)},
		`"llama.block_count" has type bool, wanted`:                          {"llama.block_count": true},
		`"llama.context_length" is 0`:                                        {"llama.context_length": uint32(0)},
		`"llama.context_length" is 4294967295, wanted`:                       {"llama.context_length": uint32(math.MaxUint32)},
		`no "llama.embedding_length"`:                                        {"llama.embedding_length": nil},
		`"llama.nextn_predict_layers" is 3, wanted is a number up to 2`:      {"llama.nextn_predict_layers": uint32(3)},
		`"llama.attention.head_count" is an array of 3 uint32, wanted is a`:  {"llama.attention.head_count": []uint32{4, 4, 4}},
		`"llama.attention.head_count_kv" is an array of 1 `:                  {"llama.attention.head_count_kv": []int32{2}},
		`"llama.feed_forward_length" is 4294967295, wanted`:                  {"llama.feed_forward_length": uint32(math.MaxUint32)},
		`"llama.expert_count" is 1025, wanted is a number up to 1024`:        {"llama.expert_count": uint32(1025)},
		`no "llama.expert_used_count", wanted is a number from 1 to 8`:       {"llama.expert_count": uint32(8)},
		`"llama.expert_used_count" is 0`:                                     and(experts, edits{"llama.expert_used_count": uint32(0)}),
		`"llama.expert_used_count" is 9`:                                     and(experts, edits{"llama.expert_used_count": uint32(9)}),
		`"llama.expert_group_count" is 8, wanted is a number that divides 8`: and(experts, edits{"llama.expert_group_count": uint32(8)}),
		`"llama.expert_group_count" is 3`:                                    and(experts, edits{"llama.expert_group_count": uint32(3)}),
		`no "llama.expert_group_used_count", wanted is a number from 1 to 3`: and(experts, edits{"llama.expert_group_count": uint32(4)}),
		`"llama.attention.layer_norm_rms_epsilon" is NaN, wanted`:            {"llama.attention.layer_norm_rms_epsilon": float32(math.NaN())},
		`"llama.attention.layer_norm_rms_epsilon" is -1, wanted`:             {"llama.attention.layer_norm_rms_epsilon": float32(-1)},
		`"llama.attention.layer_norm_epsilon" is +Inf, wanted`:               {"llama.attention.layer_norm_epsilon": float32(math.Inf(1))},
		`"llama.pooling_type" is 5, wanted is a number from 0 to 4`:          {"llama.pooling_type": uint32(5)},
		`"llama.rope.scaling.type" is "twisted", wanted is none, linear`:     {"llama.rope.scaling.type": "twisted"},
		`"llama.attention.key_length" is 4294967295`:                         {"llama.attention.key_length": uint32(math.MaxUint32)},
		`"llama.attention.head_count_kv" is 3, wanted is a divisor of the 4`: {"llama.attention.head_count_kv": uint32(3)},
		`"llama.rope.dimension_count" is 15, wanted is an even number`:       {"llama.rope.dimension_count": uint32(15)},
		`"llama.rope.dimension_count" is 8, wanted is the length of a key`:   {"llama.rope.dimension_count": uint32(8)},
		`keys of 16 numbers and values of 32`:                                {"llama.attention.value_length": uint32(32)},
		`keys of 0 numbers and values of 0`:                                  {"llama.attention.key_length": uint32(0), "llama.attention.value_length": uint32(0)},
		`"blk.0.attn_q.weight" has dimensions [64 64], wanted are 2 and 128`: {"llama.attention.head_count": uint32(8)},
		`"blk.0.attn_k.weight" has dimensions [64 32], wanted are 2 and 64`:  {"llama.attention.head_count_kv": uint32(4)},
		`no "tokenizer.ggml.tokens", wanted is an array of 1 to 1048576`:     {keyTokens: nil},
		`"tokenizer.ggml.tokens" is an array of 0 string`:                    {keyTokens: []string{}},
		`"tokenizer.ggml.tokens" is an array of 2 uint8`:                     {keyTokens: []uint8{1, 2}},
		`"tokenizer.ggml.token_type" is an array of 1 int32, wanted is an a`: {"tokenizer.ggml.token_type": []int32{1}},
		`"tokenizer.ggml.scores" is "none", wanted`:                          {"tokenizer.ggml.scores": "none"},
		`tokens 0 and 2 are both "a"`:                                        {keyTokens: []string{"a", "b", "a"}},
		`tokens 1 and 2 are both "b"`:                                        {keyTokens: []string{"a", "b", "b\x00c"}},
		`tokens 0 and 1 are both "[EMPTY_1]"`:                                {keyTokens: []string{"[EMPTY_1]", ""}},
		`"llama.vocab_size" is 4294967295`:                                   {"tokenizer.ggml.model": "none", "llama.vocab_size": uint32(math.MaxUint32)},
	} {
		t.Run(words, func(t *testing.T) {
			wantFormatError(t, parse(t, edit(t, tiny, e, nil)).Check(), -1, words)
		})
	}
}

func TestCheck_RefusesTensorsOfTheWrongType(t *testing.T) {
	tiny := parse(t, random(t, TinyModel()))
	set := func(name string, typ Type) func([]Tensor) []Tensor {
		return func(all []Tensor) []Tensor {
			i := slices.IndexFunc(all, func(x Tensor) bool { return x.Name == name })
			all[i].Type = typ
			return all
		}
	}
	for words, change := range map[string]func([]Tensor) []Tensor{
		`"blk.1.ffn_down.weight" has type Q8_1, which is for intermediate`: set("blk.1.ffn_down.weight", Q8_1),
		`"blk.1.ffn_down.weight" has type I32, which is not for weights`:   set("blk.1.ffn_down.weight", I32),
		`"output_norm.weight" has type F16, wanted is F32`:                 set("output_norm.weight", F16),
		"the file has no tensors":                                          func([]Tensor) []Tensor { return nil },
	} {
		wantFormatError(t, parse(t, edit(t, tiny, nil, change)).Check(), -1, words)
	}
	for typ, name := range map[Type]string{Q4_1: "blk.1.ffn_down.weight", BF16: "token_embd.weight"} {
		if err := parse(t, edit(t, tiny, nil, set(name, typ))).Check(); err != nil {
			t.Errorf("%s of %s: %v", name, typ, err)
		}
	}
	table := func(all []Tensor) []Tensor {
		return append(all, Tensor{Name: "blk.0.ffn_gate_tid2eid.weight", Type: I32, Dims: []int64{2, 8}})
	}
	if err := parse(t, edit(t, tiny, nil, table)).Check(); err != nil {
		t.Errorf("a table of numbers: %v", err)
	}
}

// Of architectures that are not known for it, heads may be what they like.
func TestCheck_LeavesOtherArchitecturesAlone(t *testing.T) {
	f := parse(t, write(t, nil, func(w *Writer) {
		w.Add("general.architecture", "brand-new")
		for key, n := range map[string]uint32{"block_count": 1, "context_length": 1, "embedding_length": 4, "attention.head_count": 4,
			"attention.key_length": 64, "attention.value_length": 32, "rope.dimension_count": 16} {
			w.Add("brand-new."+key, n)
		}
		w.Add("tokenizer.ggml.model", "none")
		w.Tensor("blk.0.attn_q.weight", F32, constant(1), 3)
	}))
	if err := f.Check(); err != nil {
		t.Error(err)
	}
}

func TestCheck_RefusesFilesThatCannotBeMapped(t *testing.T) {
	add := func(w *Writer) {
		w.Add("general.architecture", "llama")
		w.Tensor("a", F32, constant(1), 2)
	}
	f := parse(t, write(t, binary.BigEndian, add))
	wantFormatError(t, f.Check(), 4, "big-endian byte order")

	f = parse(t, write(t, nil, func(w *Writer) { w.Alignment = 8; add(w) }))
	if f.DataOffset%32 == 0 {
		t.Fatalf("the data is at %d, by chance aligned", f.DataOffset)
	}
	wantFormatError(t, f.Check(), f.DataOffset, "maps it from multiples of 32 only")
}
