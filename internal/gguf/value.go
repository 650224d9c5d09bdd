package gguf

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValueType is the type of a metadata value. The numbers are the file's.
type ValueType uint32

// The types of metadata values.
const (
	Uint8   ValueType = 0
	Int8    ValueType = 1
	Uint16  ValueType = 2
	Int16   ValueType = 3
	Uint32  ValueType = 4
	Int32   ValueType = 5
	Float32 ValueType = 6
	Bool    ValueType = 7
	String  ValueType = 8
	Array   ValueType = 9
	Uint64  ValueType = 10
	Int64   ValueType = 11
	Float64 ValueType = 12
)

var valueTypes = [...]struct {
	name  string
	bytes int64 // 0: varies
}{
	Uint8: {"uint8", 1}, Int8: {"int8", 1}, Uint16: {"uint16", 2}, Int16: {"int16", 2},
	Uint32: {"uint32", 4}, Int32: {"int32", 4}, Float32: {"float32", 4}, Bool: {"bool", 1},
	String: {"string", 0}, Array: {"array", 0},
	Uint64: {"uint64", 8}, Int64: {"int64", 8}, Float64: {"float64", 8},
}

func (t ValueType) known() bool { return int(t) < len(valueTypes) }

// width is the size of a value of the type; 0 where that varies.
func (t ValueType) width() int64 { return valueTypes[t].bytes }

func (t ValueType) String() string {
	if !t.known() {
		return fmt.Sprintf("type %d", uint32(t))
	}
	return valueTypes[t].name
}

// Value is one entry of the metadata. Numbers and short values are in memory;
// the methods read long ones from the file, which must still be open then.
type Value struct {
	Key  string
	Type ValueType
	Elem ValueType // of an array's elements
	Len  int       // elements of an array, bytes of a string, else 1

	// Offset and Size are where the value itself is: the bytes of a string, the
	// elements of an array.
	Offset, Size int64

	src  *source
	kept []byte // all Size bytes, or nil
}

// Text returns a string.
func (v Value) Text() (string, error) {
	if v.Type != String {
		return "", v.mistyped("a string")
	}
	b, err := v.bytes()
	return string(b), err
}

// Uint returns an integer of any width that is not negative.
func (v Value) Uint() (uint64, error) {
	n, err := v.Int()
	if v.Type == Uint64 && err == nil {
		return uint64(n), nil
	}
	if err == nil && n < 0 {
		err = wrong(v.Offset, "%q is %d, wanted is a number that is not negative", v.Key, n)
	}
	return uint64(max(n, 0)), err
}

// Int returns an integer of any width. One of 64 bits without sign keeps its
// bits.
func (v Value) Int() (int64, error) {
	if !isInteger(v.Type) {
		return 0, v.mistyped("an integer")
	}
	b, err := v.bytes()
	if err != nil {
		return 0, err
	}
	return v.integer(v.Type, b), nil
}

// Float returns a floating-point number of either width.
func (v Value) Float() (float64, error) {
	if v.Type != Float32 && v.Type != Float64 {
		return 0, v.mistyped("a floating-point number")
	}
	b, err := v.bytes()
	if err != nil {
		return 0, err
	}
	return v.float(v.Type, b), nil
}

// Bool returns a truth value. Like the engine, it takes every byte but 0 for
// true.
func (v Value) Bool() (bool, error) {
	if v.Type != Bool {
		return false, v.mistyped("a bool")
	}
	b, err := v.bytes()
	return err == nil && b[0] != 0, err
}

// bytes returns the value as it is in the file. The caller must not write to
// it.
func (v Value) bytes() ([]byte, error) {
	if v.kept != nil || v.Size == 0 {
		return v.kept, nil
	}
	b := make([]byte, v.Size)
	return b, v.src.readAt(b, v.Offset)
}

func (v Value) integer(t ValueType, b []byte) int64 {
	switch t {
	case Uint8, Bool:
		return int64(b[0])
	case Int8:
		return int64(int8(b[0]))
	case Uint16:
		return int64(v.src.order.Uint16(b))
	case Int16:
		return int64(int16(v.src.order.Uint16(b)))
	case Uint32:
		return int64(v.src.order.Uint32(b))
	case Int32:
		return int64(int32(v.src.order.Uint32(b)))
	default:
		return int64(v.src.order.Uint64(b))
	}
}

func (v Value) float(t ValueType, b []byte) float64 {
	if t == Float32 {
		return float64(math.Float32frombits(v.src.order.Uint32(b)))
	}
	return math.Float64frombits(v.src.order.Uint64(b))
}

func (v Value) mistyped(want string) error {
	is := v.Type.String()
	if v.Type == Array {
		is = "array of " + v.Elem.String()
	}
	return wrong(v.Offset, "%q has type %s, wanted is %s", v.Key, is, want)
}

func isInteger(t ValueType) bool {
	switch t {
	case Uint8, Int8, Uint16, Int16, Uint32, Int32, Uint64, Int64:
		return true
	}
	return false
}

func isName(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
