package gguf

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// edits are changes to a file's metadata: another value, or nil for none.
type edits map[string]any

// edit is a file with another's metadata and tensors, but for some changes. Its
// data is zeros.
func edit(t testing.TB, f *File, e edits, change func([]Tensor) []Tensor) []byte {
	t.Helper()
	var w Writer
	for _, v := range f.Metadata {
		if x, ok := e[v.Key]; !ok {
			w.Add(v.Key, v)
		} else if x != nil {
			w.Add(v.Key, x)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if _, ok := f.Get(key); !ok && e[key] != nil {
			w.Add(key, e[key])
		}
	}
	tensors := slices.Clone(f.Tensors)
	if change != nil {
		tensors = change(tensors)
	}
	for _, x := range tensors {
		w.Tensor(x.Name, x.Type, func(p []byte) error { clear(p); return nil }, x.Dims...)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// random is a model as WriteModel makes it.
func random(t testing.TB, c ModelConfig) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteModel(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// described is a file that has a description of a model, and no weights.
func described(t testing.TB, architecture string, numbers map[string]any) *File {
	t.Helper()
	return parse(t, write(t, nil, func(w *Writer) {
		w.Add("general.architecture", architecture)
		for _, suffix := range slices.Sorted(maps.Keys(numbers)) {
			v := numbers[suffix]
			if n, ok := v.(int); ok {
				v = uint32(n)
			}
			w.Add(architecture+"."+suffix, v)
		}
	}))
}
