package gguf

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// raw puts files together byte by byte, right or wrong.
type raw struct {
	order binary.ByteOrder
	b     []byte
}

func (r *raw) u32(n uint32) *raw {
	r.b = append(r.b, 0, 0, 0, 0)
	r.order.PutUint32(r.b[len(r.b)-4:], n)
	return r
}

func (r *raw) u64(n uint64) *raw {
	r.b = append(r.b, 0, 0, 0, 0, 0, 0, 0, 0)
	r.order.PutUint64(r.b[len(r.b)-8:], n)
	return r
}

func (r *raw) str(s string) *raw { return r.u64(uint64(len(s))).bytes(s) }

func (r *raw) bytes(s string) *raw { r.b = append(r.b, s...); return r }

func (r *raw) zeros(n int) *raw { r.b = append(r.b, make([]byte, n)...); return r }

// pad fills up to a multiple of n.
func (r *raw) pad(n int) *raw { return r.zeros((n - len(r.b)%n) % n) }

// start begins a file.
func start(tensors, entries uint64) *raw {
	r := &raw{order: binary.LittleEndian}
	return r.bytes("GGUF").u32(3).u64(tensors).u64(entries)
}

// entry is a key with a number.
func (r *raw) entry(key string, n uint32) *raw { return r.str(key).u32(uint32(Uint32)).u32(n) }

// tensor is an entry of the tensor table.
func (r *raw) tensor(name string, t Type, offset uint64, dims ...uint64) *raw {
	r.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		r.u64(d)
	}
	return r.u32(uint32(t)).u64(offset)
}

func parse(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// wantFormatError checks for a *FormatError with some words in it; an offset of
// -1 is any.
func wantFormatError(t *testing.T, err error, offset int64, words string) {
	t.Helper()
	var fe *FormatError
	if !errors.As(err, &fe) {
		t.Fatalf("error is %v, want a *FormatError", err)
	}
	if !strings.Contains(fe.What, words) {
		t.Errorf("error is %q, want it to say %q", fe.What, words)
	}
	if offset >= 0 && fe.Offset != offset {
		t.Errorf("error %q is at byte %d, want %d", fe.What, fe.Offset, offset)
	}
	if fe.Offset < 0 {
		t.Errorf("error %q is at byte %d", fe.What, fe.Offset)
	}
}
