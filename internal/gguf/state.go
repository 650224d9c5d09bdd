package gguf

import (
	"fmt"
	"slices"
)

// statefulLayers are those with a state.
func (f *File) statefulLayers(lay layout, n int) ([]bool, error) {
	stateful := make([]bool, n)
	if lay.cache == keysValues {
		return stateful, nil
	}
	if lay.cache != someStates {
		return slices.Repeat([]bool{true}, n), nil
	}
	trunk := f.trunk()
	if lay.states == intervals {
		return stateful, f.intervals(lay, stateful[:trunk])
	}
	heads := f.HeadsKV()
	if heads == nil {
		return nil, fmt.Errorf("%w: it does not say which layers have attention heads", ErrUnknownCache)
	}
	for i := range trunk {
		stateful[i] = heads[i] == 0 && (lay.states == headless || f.feedForward(i) == 0)
	}
	return stateful, nil
}

func (f *File) intervals(lay layout, stateful []bool) error {
	if _, ok := f.Get(f.key("attention.recurrent_layers")); ok {
		listed := f.perLayer("attention.recurrent_layers")
		if listed == nil {
			return fmt.Errorf("%w: %q must have an entry for each layer", ErrUnknownCache, f.key("attention.recurrent_layers"))
		}
		for i := range stateful {
			stateful[i] = listed[i] != 0
		}
		return nil
	}
	every := f.numberOr("full_attention_interval", lay.interval)
	if every == 0 {
		return fmt.Errorf("%w: %q must not be 0", ErrUnknownCache, f.key("full_attention_interval"))
	}
	for i := range stateful {
		stateful[i] = (i+1)%every != 0
	}
	return nil
}

// stateSize is how many numbers a layer's state has: what the last tokens left
// for the convolution, and the state proper.
func (f *File) stateSize() int64 {
	num := func(suffix string) int64 { return int64(f.number(suffix)) }
	width, conv := int64(f.EmbeddingLength()), num("ssm.conv_kernel")
	var heads int64
	if h := f.Heads(); h != nil {
		heads = int64(h[0])
	}
	if head := num("wkv.head_size"); head > 0 {
		shifts := int64(f.numberOr("token_shift_count", 2))
		return add(mul(shifts, width), mul(width, head))
	}
	if length := num("shortconv.l_cache"); length > 0 {
		return mul(width, length-1)
	}
	if head := num("kda.head_dim"); head > 0 {
		if conv == 0 {
			conv = 4
		}
		return add(mul(3, conv-1, heads, head), mul(head, head, heads))
	}
	if f.Architecture() == "minimax-01" {
		head := int64(f.KeyLength())
		return mul(head, head, heads)
	}
	inner, size := num("ssm.inner_size"), num("ssm.state_size")
	return add(mul(max(conv-1, 0), add(inner, mul(2, num("ssm.group_count"), size))), mul(size, inner))
}
