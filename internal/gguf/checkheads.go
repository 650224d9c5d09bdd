package gguf

import (
	"fmt"
	"math"
	"strings"
)

// checkHeads looks at the sizes of attention heads: whether they go together,
// and with the matrices. The engine checks the matrices against some of the
// numbers, and computes with others.
func (f *File) checkHeads() error {
	for _, suffix := range []string{
		"attention.key_length", "attention.value_length", "attention.key_length_swa", "attention.value_length_swa",
		"rope.dimension_count", "rope.dimension_count_swa", "attention.sliding_window",
	} {
		if err := f.atMost(suffix, math.MaxInt32); err != nil {
			return err
		}
	}
	heads, shared := f.Heads(), f.HeadsKV()
	for i, n := range heads {
		if kv := shared[i]; kv > 0 && n%kv != 0 {
			return f.refuse(f.key("attention.head_count_kv"), fmt.Sprintf("a divisor of the %d heads of layer %d", n, i))
		}
	}
	keys, values, rotated := f.KeyLength(), f.ValueLength(), f.number("rope.dimension_count")
	if keys > 0 && rotated%2 != 0 {
		return f.refuse(f.key("rope.dimension_count"), "an even number")
	}
	lay := layoutOf(f.Architecture())
	if !lay.even || len(heads) == 0 || heads[0] == 0 {
		return nil
	}
	if keys == 0 || keys != values {
		return wrong(0, "heads have keys of %d numbers and values of %d, allowed for %s are equal ones",
			keys, values, f.Architecture())
	}
	if _, said := f.Get(f.key("rope.dimension_count")); said && lay.rotating && rotated != keys {
		return f.refuse(f.key("rope.dimension_count"), fmt.Sprintf("the length of a key, %d", keys))
	}
	for i := range heads {
		if err := f.checkProjections(i, int64(heads[i]*keys), int64(shared[i]*keys)); err != nil {
			return err
		}
	}
	return nil
}

// checkProjections compares a layer's matrices with its heads.
func (f *File) checkProjections(layer int, queries, keys int64) error {
	for _, p := range []struct {
		name string
		rows int64
	}{{"attn_q", queries}, {"attn_k", keys}, {"attn_v", keys}, {"attn_qkv", queries + 2*keys}} {
		t, ok := f.Tensor(fmt.Sprintf("blk.%d.%s.weight", layer, p.name))
		if ok && (len(t.Dims) != 2 || t.Dims[1] != p.rows) {
			return wrong(0, "tensor %q has dimensions %v, wanted are 2 and %d rows for the heads of the layer", t.Name, t.Dims, p.rows)
		}
	}
	return nil
}

// checkTensorTypes refuses weights that the engine has no code to compute
// with: it looks that up where it needs it, and calls what it finds.
func (f *File) checkTensorTypes() error {
	for _, t := range f.Tensors {
		switch t.Type {
		case Q8_1, Q8_K, I8, I16, I64, F64:
			return wrong(0, "tensor %q has type %s, which is for intermediate results and not for weights", t.Name, t.Type)
		case I32:
			if len(t.Dims) == 2 && strings.HasSuffix(t.Name, "_tid2eid.weight") { // a table, and not computed with
				continue
			}
			return wrong(0, "tensor %q has type %s, which is not for weights", t.Name, t.Type)
		}
		if (strings.HasSuffix(t.Name, "_norm.weight") || strings.HasSuffix(t.Name, ".bias")) && t.Type != F32 {
			return wrong(0, "tensor %q has type %s, wanted is F32", t.Name, t.Type)
		}
	}
	return nil
}
