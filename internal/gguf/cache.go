package gguf

import (
	"errors"
	"fmt"
)

// ErrUnknownCache means that a header does not tell how much memory the
// context of its model takes: the architecture is not known to this package,
// or the file leaves out what it should say.
var ErrUnknownCache = errors.New("the header does not tell how much memory the model's context takes")

// layerCache is what a layer keeps, in numbers.
type layerCache struct {
	keys, values int64 // for a token
	widest       int64 // the most values that any layer keeps; 0 if this one keeps none
	windowed     bool  // only the last tokens matter to it
	state        int64 // for a sequence
}

// KVBytesPerToken is how much memory a token takes in the context, with keys
// and values stored in the given types: in all layers that keep something for
// every token, those with a sliding window included. Without flash attention
// the engine makes all layers' values as wide as the widest, and so does this
// sum. The error is ErrUnknownCache, with the reason, or says that the types
// do not suit the model.
func (f *File) KVBytesPerToken(keys, values Type) (int64, error) {
	layers, err := f.layerCaches()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, l := range layers {
		n, err := l.bytes(keys, values, false)
		if err != nil {
			return 0, err
		}
		sum = add(sum, n)
	}
	return sum, nil
}

// bytes is what a token takes in the layer.
func (l layerCache) bytes(keys, values Type, flash bool) (int64, error) {
	width := l.widest
	if flash {
		width = l.values
	}
	k, err := rowBytes(keys, l.keys, "keys")
	if err != nil {
		return 0, err
	}
	v, err := rowBytes(values, width, "values")
	return add(k, v), err
}

func rowBytes(t Type, n int64, what string) (int64, error) {
	if !t.Known() {
		return 0, fmt.Errorf("%s of %s: the engine does not know the type", what, t)
	}
	if n%t.Block() != 0 {
		return 0, fmt.Errorf("%s of %s: a layer of the model keeps %d numbers, allowed for the type are multiples of %d",
			what, t, n, t.Block())
	}
	return mul(n/t.Block(), t.BlockBytes()), nil
}

// layerCaches works out what each layer keeps.
func (f *File) layerCaches() ([]layerCache, error) {
	lay, n := layoutOf(f.Architecture()), f.Layers()
	switch {
	case lay.cache == unknownCache:
		return nil, fmt.Errorf("%w: the architecture %q is not known", ErrUnknownCache, f.Architecture())
	case lay.cache == noCache:
		return nil, nil
	case n == 0 || n > maxLayers:
		return nil, fmt.Errorf("%w: %q must be 1 to %d", ErrUnknownCache, f.key("block_count"), maxLayers)
	}
	stateful, err := f.statefulLayers(lay, n)
	if err != nil {
		return nil, err
	}
	layers := make([]layerCache, n)
	if lay.cache != stateOnly {
		if err := f.attention(lay, layers, stateful); err != nil {
			return nil, err
		}
	}
	state := f.stateSize()
	for i := range layers {
		if stateful[i] {
			layers[i].state = state
		}
	}
	return layers, nil
}

// trunk is how many layers compute tokens; those after them draft ahead, if
// they are used at all.
func (f *File) trunk() int { return max(f.Layers()-f.number("nextn_predict_layers"), 0) }

// attention fills in keys and values.
func (f *File) attention(lay layout, layers []layerCache, stateful []bool) error {
	heads := f.HeadsKV()
	full := headSize{f.KeyLength(), f.ValueLength()}
	if heads == nil || full.keys == 0 || full.values == 0 {
		return fmt.Errorf("%w: it lacks the number or the length of attention heads", ErrUnknownCache)
	}
	windowed, err := f.windowedLayers(lay, stateful)
	if err != nil {
		return err
	}
	near := headSize{
		f.numberOr("attention.key_length_swa", full.keys),
		f.numberOr("attention.value_length_swa", full.values),
	}
	var widest int64
	for i := range layers {
		size := full
		if windowed[i] {
			size = near
		}
		layers[i].keys = mul(int64(heads[i]), int64(size.keys))
		layers[i].values = mul(int64(heads[i]), int64(size.values))
		layers[i].windowed = windowed[i]
		widest = max(widest, layers[i].values)
	}
	keeping := f.keepingLayers(lay, stateful)
	latent := lay.latent && f.number("attention.key_length_mla") > 0 && f.number("attention.value_length_mla") > 0
	for i := range layers {
		layers[i].widest = widest
		if latent { // the values are part of what the keys hold
			layers[i].values, layers[i].widest = 0, 0
		}
		if !keeping[i] {
			layers[i] = layerCache{}
		}
	}
	return nil
}

type headSize struct{ keys, values int }

// keepingLayers are those with keys and values of their own.
func (f *File) keepingLayers(lay layout, stateful []bool) []bool {
	trunk, n := f.trunk(), len(stateful)
	if trunk == 0 { // a model of nothing but drafting layers
		trunk = n
	}
	first := n
	if lay.kvLayers > 0 {
		first = lay.kvLayers
	}
	if lay.sharedKV {
		first = n - f.number("attention.shared_kv_layers")
	}
	keeping := make([]bool, n)
	for i := range keeping {
		keeping[i] = i < first && (lay.cache == bothInAll || !stateful[i])
		if lay.cache == keysValues || lay.states == intervals {
			keeping[i] = keeping[i] && i < trunk
		}
		if lay.cache == someStates && lay.states == headlessOnly {
			keeping[i] = keeping[i] && f.feedForward(i) == 0
		}
	}
	return keeping
}

func (f *File) feedForward(layer int) int {
	if all := f.perLayer("feed_forward_length"); all != nil {
		return all[layer]
	}
	return 0
}

// numberOr is number for a key that has a default.
func (f *File) numberOr(suffix string, preset int) int {
	if _, said := f.Get(f.key(suffix)); said {
		return f.number(suffix)
	}
	return preset
}
