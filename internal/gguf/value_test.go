package gguf

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything is metadata with a value of each type.
var everything = []struct {
	key   string
	value any
}{
	{"u8", uint8(250)}, {"i8", int8(-5)}, {"u16", uint16(65_000)}, {"i16", int16(-300)},
	{"u32", uint32(4e9)}, {"i32", int32(-2e9)}, {"u64", uint64(1 << 63)}, {"i64", int64(math.MinInt64)},
	{"f32", float32(1.5)}, {"f64", 2.25}, {"yes", true}, {"no", false}, {"text", "ab\x00c\xff"}, {"empty", ""},
	{"strings", []string{"a", "", "long enough to matter"}}, {"none", []string{}},
	{"u8s", []uint8{1, 255}}, {"i8s", []int8{-1, 1}}, {"u16s", []uint16{1, 65_535}}, {"i16s", []int16{-2}},
	{"u32s", []uint32{1, math.MaxUint32}}, {"i32s", []int32{-1, 7}}, {"u64s", []uint64{3}}, {"i64s", []int64{-9}},
	{"f32s", []float32{0.5, -2}}, {"f64s", []float64{math.Pi}}, {"bools", []bool{true, false}},
}

// write is a file of some metadata, in an order of bytes.
func write(t testing.TB, order binary.ByteOrder, add func(*Writer)) []byte {
	t.Helper()
	var b strings.Builder
	w := Writer{order: order}
	add(&w)
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// read is a value as the accessor for its type returns it.
func read(v Value) (any, error) {
	switch {
	case v.Type == String:
		return v.Text()
	case v.Type == Bool:
		return v.Bool()
	case v.Type == Uint64:
		return v.Uint()
	case v.Type == Float32 || v.Type == Float64:
		return v.Float()
	case v.Type != Array:
		return v.Int()
	case v.Elem == String:
		return v.Strings()
	case v.Elem == Float32 || v.Elem == Float64:
		return v.Floats()
	default:
		return v.Ints()
	}
}

func TestValue_OfEveryTypeInBothByteOrders(t *testing.T) {
	want := map[string]any{
		"u8": int64(250), "i8": int64(-5), "u16": int64(65_000), "i16": int64(-300),
		"u32": int64(4e9), "i32": int64(-2e9), "u64": uint64(1 << 63), "i64": int64(math.MinInt64),
		"f32": 1.5, "f64": 2.25, "yes": true, "no": false, "text": "ab\x00c\xff", "empty": "",
		"strings": []string{"a", "", "long enough to matter"}, "none": []string{},
		"u8s": []int64{1, 255}, "i8s": []int64{-1, 1}, "u16s": []int64{1, 65_535}, "i16s": []int64{-2},
		"u32s": []int64{1, math.MaxUint32}, "i32s": []int64{-1, 7}, "u64s": []int64{3}, "i64s": []int64{-9},
		"f32s": []float64{0.5, -2}, "f64s": []float64{math.Pi}, "bools": []int64{1, 0},
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		f := parse(t, write(t, order, func(w *Writer) {
			for _, e := range everything {
				w.Add(e.key, e.value)
			}
		}))
		if f.BigEndian != (order == binary.BigEndian) {
			t.Errorf("BigEndian is %v for %v", f.BigEndian, order)
		}
		got := map[string]any{}
		for i, v := range f.Metadata {
			if v.Key != everything[i].key {
				t.Errorf("entry %d is %q, want %q", i, v.Key, everything[i].key)
			}
			x, err := read(v)
			if err != nil {
				t.Errorf("%s: %v", v.Key, err)
			}
			got[v.Key] = x
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v: %s", order, d)
		}
	}
}

func TestValue_RefusesAnotherType(t *testing.T) {
	f := parse(t, write(t, nil, func(w *Writer) {
		for _, e := range everything {
			w.Add(e.key, e.value)
		}
	}))
	get := func(key string) Value {
		v, ok := f.Get(key)
		if !ok {
			t.Fatalf("no %q", key)
		}
		return v
	}
	for words, err := range map[string]error{
		`"u8" has type uint8, wanted is a string`:                         second(get("u8").Text()),
		`"text" has type string, wanted is an integer`:                    second(get("text").Int()),
		`"f32" has type float32, wanted is an integer`:                    second(get("f32").Uint()),
		`"i8" is -5, wanted is a number that is not negative`:             second(get("i8").Uint()),
		`"u32" has type uint32, wanted is a floating-point number`:        second(get("u32").Float()),
		`"u32" has type uint32, wanted is a bool`:                         second(get("u32").Bool()),
		`"u8s" has type array of uint8, wanted is an array of strings`:    second(get("u8s").Strings()),
		`"strings" has type array of string, wanted is an array of int`:   second(get("strings").Ints()),
		`"u8s" has type array of uint8, wanted is an array of floating-p`: second(get("u8s").Floats()),
		`"text" has type string, wanted is an array of strings`:           second(get("text").Strings()),
	} {
		wantFormatError(t, err, -1, words)
	}
	if _, ok := f.Get("nothing"); ok {
		t.Error("Get finds a key that is not there")
	}
}

func second[T any](_ T, err error) error { return err }

// The engine takes every byte but 0 for true.
func TestValue_EveryOtherByteIsTrue(t *testing.T) {
	f := parse(t, start(0, 2).str("b").u32(uint32(Bool)).bytes("\x07").
		str("bs").u32(uint32(Array)).u32(uint32(Bool)).u64(2).bytes("\xff\x00").b)
	if b, err := f.Metadata[0].Bool(); !b || err != nil {
		t.Errorf("Bool is %v, %v", b, err)
	}
	bs, err := f.Metadata[1].Ints()
	if d := cmp.Diff([]int64{1, 0}, bs); d != "" || err != nil {
		t.Error(d, err)
	}
}

// What is long stays in the file until it is asked for.
func TestValue_LongOnesAreReadOnDemand(t *testing.T) {
	tokens := make([]string, 20_000)
	for i := range tokens {
		tokens[i] = strings.Repeat("x", i%20)
	}
	b := write(t, nil, func(w *Writer) {
		w.Add("tokens", tokens)
		w.Add("text", strings.Repeat("y", keepValue+1))
		w.Add("short", strings.Repeat("z", keepValue))
	})
	f := parse(t, b)
	for _, key := range []string{"tokens", "text"} {
		if v, _ := f.Get(key); v.kept != nil {
			t.Errorf("%d bytes of %q are in memory", len(v.kept), key)
		}
	}
	v, _ := f.Get("tokens")
	got, err := v.Strings()
	if d := cmp.Diff(tokens, got); d != "" || err != nil {
		t.Errorf("tokens: %v %s", err, d)
	}
	v, _ = f.Get("text")
	if s, err := v.Text(); len(s) != keepValue+1 || err != nil {
		t.Errorf("text has %d bytes, %v", len(s), err)
	}

	v, _ = f.Get("tokens")
	b[v.Offset] = 0xff // somebody writes to the file meanwhile
	_, err = v.Strings()
	wantFormatError(t, err, v.Offset, "is not what it was when the file was opened")
	v, _ = f.Get("short")
	b[v.Offset] = 0xff
	if s, err := v.Text(); s != strings.Repeat("z", keepValue) || err != nil {
		t.Errorf("a short value has changed with the file: %v", err)
	}
}

func TestOpen_KeepsNoMoreThanItsShare(t *testing.T) {
	b := write(t, nil, func(w *Writer) {
		for i := range 2 * keepTotal / keepValue {
			w.Add(strings.Repeat("k", i+1), strings.Repeat("v", keepValue))
		}
	})
	kept := 0
	f := parse(t, b)
	for _, v := range f.Metadata {
		kept += len(v.kept)
		if s, err := v.Text(); len(s) != keepValue || err != nil {
			t.Fatalf("%q has %d bytes, %v", v.Key, len(s), err)
		}
	}
	if kept != keepTotal {
		t.Errorf("%d bytes are in memory, want %d", kept, keepTotal)
	}
}

func TestTypes_SayWhatTheyAre(t *testing.T) {
	for got, want := range map[string]string{
		Q4_K.String(): "Q4_K", Type(5).String(): "type 5", Type(1e6).String(): "type 1000000",
		Uint16.String(): "uint16", ValueType(99).String(): "type 99",
		PoolingMean.String(): "mean", PoolingUnsaid.String(): "unsaid", Pooling(17).String(): "unsaid",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if n := Type(31).Block() + Type(31).BlockBytes(); n != 0 || Type(31).Quantized() || F16.Quantized() || !Q2_K.Quantized() {
		t.Error("a withdrawn type has a size, or types are mixed up")
	}
	// Bits for a weight, as the types are known by.
	for typ, want := range map[Type]float64{
		F32: 32, F16: 16, BF16: 16, Q4_0: 4.5, Q4_1: 5, Q5_0: 5.5, Q5_1: 6, Q8_0: 8.5, Q2_K: 2.625, Q3_K: 3.4375,
		Q4_K: 4.5, Q5_K: 5.5, Q6_K: 6.5625, IQ1_S: 1.5625, IQ1_M: 1.75, IQ2_XXS: 2.0625, IQ2_XS: 2.3125, IQ2_S: 2.5625,
		IQ3_XXS: 3.0625, IQ3_S: 3.4375, IQ4_NL: 4.5, IQ4_XS: 4.25, TQ1_0: 1.6875, TQ2_0: 2.0625, MXFP4: 4.25, NVFP4: 4.5,
	} {
		if got := float64(typ.BlockBytes()) * 8 / float64(typ.Block()); got != want {
			t.Errorf("%s has %v bits a weight, want %v", typ, got, want)
		}
	}
}
