package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/model"
)

// useEverything calls all that looks at a file.
func useEverything(f *File) {
	_ = factsOf(f)
	_ = f.Check()
	_, _ = f.KVBytesPerToken(F16, Q8_0)
	_, _ = f.Estimate(Sizing{Cells: 4096, Sequences: 4, Batch: 512, Split: true, WindowOnly: true, Keys: F16, Values: F16})
	_, _ = f.Split()
	_ = CheckParts([]*File{f, f})
	for _, v := range f.Metadata {
		_, _ = read(v)
		_, _ = v.Uint()
	}
}

func FuzzParse(f *testing.F) {
	// Small ones: the fuzzer cannot do much with what is large.
	c := ModelConfig{Architecture: "qwen3", Layers: 1, Embedding: 32, FeedForward: 32, Heads: 2, HeadsKV: 1, Context: 16,
		Type: Q8_0, Labels: []string{"a"}}
	c.TokenizerFrom = parse(f, write(f, nil, func(w *Writer) { w.Add(keyTokens, []string{"a", "b", "c"}) }))
	whole := random(f, c)
	for _, b := range [][]byte{
		nil, []byte("GGUF"), start(0, 0).b, start(1, 1).entry(keyAlignment, 8).tensor("t", Q4_0, 0, 32, 2).pad(8).zeros(36).b,
		whole, whole[:len(whole)/2], model.GGUF[:1000],
		write(f, binary.BigEndian, func(w *Writer) {
			for _, e := range everything {
				w.Add(e.key, e.value)
			}
		}),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		var fe *FormatError
		if err != nil {
			if !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > int64(len(b))+MaxAlignment {
				t.Errorf("error is %#v", err)
			}
			return
		}
		useEverything(file)
		for _, x := range file.Tensors {
			if end := file.DataOffset + x.Offset + x.Size; x.Size <= 0 || x.Offset < 0 || end > int64(len(b)) {
				t.Errorf("tensor %q is at %d to %d of %d bytes", x.Name, file.DataOffset+x.Offset, end, len(b))
			}
		}
	})
}

// Random files come back as they were written, in either order of bytes.
func TestParse_RandomFilesComeBack(t *testing.T) {
	values := rapid.OneOf(
		anyOf(rapid.Uint8()), anyOf(rapid.Int8()), anyOf(rapid.Uint16()), anyOf(rapid.Int16()), anyOf(rapid.Uint32()),
		anyOf(rapid.Int32()), anyOf(rapid.Uint64()), anyOf(rapid.Int64()), anyOf(rapid.Bool()), anyOf(rapid.String()),
		anyOf(rapid.Float32()), anyOf(rapid.Float64()),
		anyOf(rapid.SliceOf(rapid.String())), anyOf(rapid.SliceOf(rapid.Int16())), anyOf(rapid.SliceOf(rapid.Float32())),
	)
	types := []Type{F32, F16, BF16, Q4_0, Q8_0, Q4_K, IQ4_NL, TQ1_0, NVFP4, I8, I32, F64, Q1_0}
	rapid.Check(t, func(t *rapid.T) {
		w := Writer{
			Alignment: rapid.SampledFrom([]int{8, 16, 32, 64, 1024}).Draw(t, "alignment"),
			order:     rapid.SampledFrom([]binary.ByteOrder{binary.LittleEndian, binary.BigEndian}).Draw(t, "order"),
			version:   rapid.SampledFrom([]uint32{2, 3}).Draw(t, "version"),
		}
		want := map[string]any{}
		for i := range rapid.IntRange(0, 10).Draw(t, "entries") {
			key := fmt.Sprintf("%s%d", rapid.StringMatching(`[a-z._é]{0,20}`).Draw(t, "key"), i)
			want[key] = values.Draw(t, "value")
			w.Add(key, want[key])
		}
		var tensors []Tensor
		for i := range rapid.IntRange(0, 6).Draw(t, "tensors") {
			x := Tensor{Name: fmt.Sprintf("t%d", i), Type: rapid.SampledFrom(types).Draw(t, "type")}
			x.Dims = rapid.SliceOfN(rapid.Int64Range(1, 4), 1, MaxDims).Draw(t, "dims")
			x.Dims[0] *= x.Type.Block()
			tensors = append(tensors, x)
			w.Tensor(x.Name, x.Type, func(p []byte) error { clear(p); return nil }, x.Dims...)
		}
		var b bytes.Buffer
		if _, err := w.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		f, err := Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		compare(t, f, want, tensors)
		if f.Version != int(w.version) || f.Alignment != int64(w.Alignment) || f.BigEndian != (w.order == binary.BigEndian) {
			t.Errorf("the file is of version %d, alignment %d, big-endian: %v", f.Version, f.Alignment, f.BigEndian)
		}
	})
}

func anyOf[T any](g *rapid.Generator[T]) *rapid.Generator[any] { return g.AsAny() }

func compare(t *rapid.T, f *File, want map[string]any, tensors []Tensor) {
	for key, x := range want {
		v, ok := f.Get(key)
		if !ok {
			t.Fatalf("%q is lost", key)
		}
		// Written again, the value has the same bytes.
		a, b := Writer{order: f.order()}, Writer{order: f.order()}
		a.Add(key, x)
		b.Add(key, v)
		if a.err != nil || b.err != nil || !bytes.Equal(a.entries.Bytes(), b.entries.Bytes()) {
			t.Errorf("%q was %v, and is %v %v", key, x, v, b.err)
		}
	}
	if len(f.Tensors) != len(tensors) {
		t.Fatalf("%d tensors, want %d", len(f.Tensors), len(tensors))
	}
	for i, x := range f.Tensors {
		x.Offset, x.Size = 0, 0
		if d := cmp.Diff(tensors[i], x); d != "" {
			t.Error(d)
		}
	}
}

func (f *File) order() binary.ByteOrder {
	if f.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Whatever a file says, reading it takes no more memory than a multiple of its
// size: the least entry of 14 bytes, and the least tensor of 25, take a few
// hundred in memory while the tables grow.
func TestParse_MutatedFilesAreHarmless(t *testing.T) {
	const fixed, factor = 128 << 10, 48
	c := TinyModel()
	c.Layers, c.Architecture = 1, "qwen3"
	// The data is left out of it: a file cut short behind the header is refused
	// early enough for the error, and late enough for the memory.
	seeds := [][]byte{random(t, TinyModel()), random(t, c), edit(t, parse(t, model.GGUF), nil, nil)}
	for _, b := range seeds { // everything is grown and cached after once
		if f, err := Parse(b); err == nil {
			useEverything(f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom(seeds).Draw(t, "file"))
		f, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		head := int(f.DataOffset)
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			at := rapid.IntRange(0, head-8).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				b[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				binary.LittleEndian.PutUint32(b[at:], rapid.Uint32().Draw(t, "number"))
			case 2:
				binary.LittleEndian.PutUint64(b[at:], rapid.Uint64().Draw(t, "number"))
			}
		}
		if rapid.Bool().Draw(t, "cut") {
			b = b[:rapid.IntRange(0, len(b)).Draw(t, "length")]
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err = Parse(b)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > fixed+factor*uint64(len(b)) {
			t.Errorf("a file of %d bytes took %d of memory", len(b), took)
		}
		if err == nil {
			useEverything(f)
		}
	})
}

// The worst that fits: nothing but the smallest entries and tensors.
func TestParse_MemoryIsBoundedByTheFile(t *testing.T) {
	const n = 10_000
	keys, names := start(0, n), start(n, 0)
	for i := range n {
		keys.str(fmt.Sprint(i)).u32(uint32(Uint8)).zeros(1)
		names.tensor(fmt.Sprint(i), I8, uint64(32*i))
	}
	names.pad(32).zeros(32 * n)
	for name, r := range map[string]*raw{"keys": keys, "tensors": names} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f := parse(t, r.b)
		runtime.ReadMemStats(&after)
		if len(f.Metadata)+len(f.Tensors) != n {
			t.Fatalf("%s: %d entries", name, len(f.Metadata)+len(f.Tensors))
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 48*uint64(len(r.b)) {
			t.Errorf("%s: %d bytes took %d of memory, %d times as much", name, len(r.b), took, took/uint64(len(r.b)))
		}
	}
}

// A count is not believed before its bytes are there.
func TestParse_DeclaredCountsTakeNoMemory(t *testing.T) {
	for name, b := range map[string][]byte{
		"entries": start(0, MaxKeys).zeros(MaxKeys * minEntry).b,
		"tensors": start(MaxTensors, 0).zeros(MaxTensors * minTensor).b,
		"array":   start(0, 1).str("a").u32(uint32(Array)).u32(uint32(String)).u64(MaxArray).zeros(1000).b,
		"string":  start(0, 1).str("a").u32(uint32(String)).u64(MaxString).zeros(1000).b,
		"name":    start(1, 0).u64(1 << 40).zeros(1000).b,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(b)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 64<<10 {
			t.Errorf("%s: %d bytes of memory for an error, %v", name, took, err)
		}
	}
}
