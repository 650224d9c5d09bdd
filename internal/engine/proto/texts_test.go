package proto

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestVector_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, text := rapid.Uint64().Draw(t, "request"), rapid.IntRange(0, math.MaxInt32).Draw(t, "text")
		v := rapid.SliceOfN(rapid.Float32(), 1, 50).Draw(t, "vector")
		r := NewReader(bytes.NewReader(AppendVector(AppendVector(nil, 1, 2, []float32{3}), id, text, v)), MaxToDaemon)
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		k, payload, err := r.Next()
		if err != nil || k != KindVector {
			t.Fatal(k, err)
		}
		gotID, gotText, got, err := Vector(payload)
		if err != nil || gotID != id || gotText != text {
			t.Fatal(gotID, gotText, err)
		}
		if d := cmp.Diff(v, got); d != "" {
			t.Fatal(d)
		}
	})
}

// FuzzVector checks that a frame that is read can be written again as it was.
func FuzzVector(f *testing.F) {
	f.Add(AppendVector(nil, 7, 3, []float32{1, -2.5})[header:])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 16))
	f.Fuzz(func(t *testing.T, payload []byte) {
		id, text, v, err := Vector(payload)
		if err != nil {
			return
		}
		for _, x := range v {
			if x != x { // not a number has many forms
				return
			}
		}
		if again := AppendVector(nil, id, text, v)[header:]; !bytes.Equal(again, payload) {
			t.Fatalf("%x was written as %x", payload, again)
		}
	})
}
