package gguf

import (
	"fmt"
	"math"
	"slices"
)

// What the engine's own code allows. It ends the process on more, or on less.
const (
	maxExperts = 1024
	// maxTokens is four times the largest vocabulary in use. The engine takes
	// any, and some 100 bytes of memory for each token.
	maxTokens = 1 << 20
	// dataUnit is what mapped weights must be aligned to.
	dataUnit = 32
)

// Check refuses a model, or the first part of one, that is a valid file and
// would still bring the engine down: by an assertion of its own, or by reading
// where nothing is. What the engine answers with an error is left to it.
func (f *File) Check() error {
	for _, rule := range []func() error{
		f.checkFile, f.checkSplit, f.checkDimensions, f.checkLayers, f.checkExperts, f.checkNumbers, f.checkHeads,
		f.checkTensorTypes, f.checkVocabulary,
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) checkFile() error {
	if f.BigEndian {
		return wrong(4, "the file is in big-endian byte order, the engine on this machine reads little-endian files")
	}
	if len(f.Tensors) == 0 {
		return wrong(8, "the file has no tensors: it holds metadata only")
	}
	if f.DataOffset%dataUnit != 0 {
		return wrong(f.DataOffset, "the data begins here, and the engine maps it from multiples of %d only", dataUnit)
	}
	if f.Architecture() == "" {
		return f.refuse("general.architecture", "a string that is not empty")
	}
	return nil
}

func (f *File) checkSplit() error {
	s, err := f.Split()
	if err != nil {
		return err
	}
	if s.No != 0 {
		return wrong(0, "the file is part %d of %d of a model: the model is loaded from part 1", s.No+1, s.Count)
	}
	return nil
}

func (f *File) checkDimensions() error {
	for _, d := range []struct {
		suffix string
		most   int
	}{
		{"block_count", maxLayers}, {"context_length", math.MaxInt32}, {"embedding_length", math.MaxInt32},
	} {
		if n := f.number(d.suffix); n < 1 || n > d.most {
			return f.refuse(f.key(d.suffix), fmt.Sprintf("a number from 1 to %d", d.most))
		}
	}
	return f.atMost("nextn_predict_layers", f.Layers())
}

// checkLayers looks at what may differ from layer to layer.
func (f *File) checkLayers() error {
	for _, suffix := range []string{
		"attention.head_count", "attention.head_count_kv", "feed_forward_length", "expert_used_count", "expert_feed_forward_length",
	} {
		if _, ok := f.Get(f.key(suffix)); ok && f.perLayer(suffix) == nil {
			return f.refuse(f.key(suffix), fmt.Sprintf("a number, or an array of %d", f.Layers()))
		}
	}
	return nil
}

func (f *File) checkExperts() error {
	if err := f.atMost("expert_count", maxExperts); err != nil {
		return err
	}
	experts := f.number("expert_count")
	if experts <= 1 { // some models say one, and mean none
		return nil
	}
	if used := f.perLayer("expert_used_count"); used == nil || slices.Max(used) == 0 || slices.Max(used) > experts {
		return f.refuse(f.key("expert_used_count"), fmt.Sprintf("a number from 1 to %d", experts))
	}
	groups := f.number("expert_group_count")
	if groups >= experts || groups > 1 && experts%groups != 0 {
		return f.refuse(f.key("expert_group_count"), fmt.Sprintf("a number that divides %d", experts))
	}
	if used := f.number("expert_group_used_count"); groups > 1 && (used == 0 || used >= groups) {
		return f.refuse(f.key("expert_group_used_count"), fmt.Sprintf("a number from 1 to %d", groups-1))
	}
	return nil
}

// checkNumbers looks at what is asserted wherever it is used.
func (f *File) checkNumbers() error {
	for _, suffix := range []string{"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"} {
		v, ok := f.Get(f.key(suffix))
		if !ok {
			continue
		}
		// Written so that it is false for what is not a number, too.
		if e, err := v.Float(); err != nil || !(e >= 0 && e <= math.MaxFloat32) {
			return f.refuse(v.Key, "a number that is not negative")
		}
	}
	if _, ok := f.Get(f.key("pooling_type")); ok && f.Pooling() == PoolingUnsaid {
		return f.refuse(f.key("pooling_type"), "a number from 0 to 4")
	}
	known := []string{"none", "linear", "yarn", "longrope"}
	if v, ok := f.Get(f.key("rope.scaling.type")); ok && !slices.Contains(known, f.text(v.Key)) {
		return f.refuse(v.Key, "none, linear, yarn or longrope")
	}
	return nil
}

// atMost bounds a number that may be missing.
func (f *File) atMost(suffix string, most int) error {
	if _, ok := f.Get(f.key(suffix)); !ok {
		return nil
	}
	v, _ := f.Get(f.key(suffix))
	if n, err := v.Uint(); err != nil || n > uint64(most) {
		return f.refuse(v.Key, fmt.Sprintf("a number up to %d", most))
	}
	return nil
}

// refuse says what a key should be, and what it is if it is there at all.
func (f *File) refuse(key, want string) error {
	v, ok := f.Get(key)
	switch {
	case !ok:
		return wrong(0, "the file has no %q, wanted is %s", key, want)
	case v.Type == Array:
		return wrong(v.Offset, "%q is an array of %d %s, wanted is %s", key, v.Len, v.Elem, want)
	case v.Type == String:
		return wrong(v.Offset, "%q is %.64q, wanted is %s", key, f.text(key), want)
	case v.Type == Float32 || v.Type == Float64:
		x, _ := v.Float()
		return wrong(v.Offset, "%q is %v, wanted is %s", key, x, want)
	default:
		n, err := v.Int()
		if err != nil {
			return v.mistyped(want)
		}
		return wrong(v.Offset, "%q is %d, wanted is %s", key, n, want)
	}
}
