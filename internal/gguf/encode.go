package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

func (w *Writer) append32(b []byte, n uint32) []byte {
	b = append(b, 0, 0, 0, 0)
	w.order.PutUint32(b[len(b)-4:], n)
	return b
}

func (w *Writer) append64(b []byte, n uint64) []byte {
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	w.order.PutUint64(b[len(b)-8:], n)
	return b
}

func (w *Writer) uint32(n uint32) { w.entries.Write(w.append32(nil, n)) }

func (w *Writer) uint64(n uint64) { w.entries.Write(w.append64(nil, n)) }

func (w *Writer) string(s string) {
	w.uint64(uint64(len(s)))
	w.entries.WriteString(s)
}

// value writes a type and a value of it.
func (w *Writer) value(v any) error {
	switch v := v.(type) {
	case string:
		w.uint32(uint32(String))
		w.string(v)
	case []string:
		w.array(String, len(v))
		for _, s := range v {
			w.string(s)
		}
	case Value:
		return w.copyOf(v)
	default:
		return w.numbers(v)
	}
	return nil
}

// numbers writes numbers and bools, one or many.
func (w *Writer) numbers(v any) error {
	r := reflect.ValueOf(v)
	if !r.IsValid() {
		return errors.New("no value")
	}
	many := r.Kind() == reflect.Slice
	elem := r.Type()
	if many {
		elem = elem.Elem()
	}
	t, ok := kinds[elem.Kind()]
	if !ok {
		return fmt.Errorf("a value of type %T, allowed are bools, strings, numbers of fixed width and slices of them", v)
	}
	if many {
		w.array(t, r.Len())
	} else {
		w.uint32(uint32(t))
	}
	return binary.Write(&w.entries, w.order, v)
}

func (w *Writer) array(elem ValueType, n int) {
	w.uint32(uint32(Array))
	w.uint32(uint32(elem))
	w.uint64(uint64(n))
}

// kinds are the types of numbers and bools.
var kinds = map[reflect.Kind]ValueType{
	reflect.Uint8: Uint8, reflect.Uint16: Uint16, reflect.Uint32: Uint32, reflect.Uint64: Uint64,
	reflect.Int8: Int8, reflect.Int16: Int16, reflect.Int32: Int32, reflect.Int64: Int64,
	reflect.Float32: Float32, reflect.Float64: Float64, reflect.Bool: Bool,
}

// copyOf writes a value as it is in another file.
func (w *Writer) copyOf(v Value) error {
	if v.src.order != w.order {
		return errors.New("its file has another byte order")
	}
	b, err := v.bytes()
	if err != nil {
		return err
	}
	switch v.Type {
	case Array:
		w.array(v.Elem, v.Len)
	case String:
		w.uint32(uint32(String))
		w.uint64(uint64(len(b)))
	default:
		w.uint32(uint32(v.Type))
	}
	w.entries.Write(b)
	return nil
}
