package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Writer writes a GGUF file, version 3 and little-endian. Its zero value is
// empty. Metadata and tensors come out in the order they were added in.
type Writer struct {
	// Alignment is that of the tensors; 0 is DefaultAlignment. It is part of
	// the metadata, and added to it if it is another.
	Alignment int

	version uint32           // 0 is 3; tests write others
	order   binary.ByteOrder // nil is little-endian
	entries bytes.Buffer
	count   int
	tensors []pending
	err     error // the first
}

type pending struct {
	Tensor
	fill Fill
}

// Fill produces the data of a tensor, front to back: each call fills p, which
// is a whole number of blocks.
type Fill func(p []byte) error

// Add adds an entry to the metadata. The value is a bool, a string, a number of
// fixed width, a slice of one of these, or a Value of another file.
func (w *Writer) Add(key string, value any) {
	w.init()
	start := w.entries.Len()
	w.string(key)
	if err := w.value(value); err != nil {
		w.entries.Truncate(start)
		w.fail(fmt.Errorf("add %q to GGUF metadata: %w", key, err))
		return
	}
	w.count++
}

// Tensor adds a tensor, whose rows have dims[0] elements.
func (w *Writer) Tensor(name string, t Type, fill Fill, dims ...int64) {
	w.init()
	if !t.Known() || len(dims) == 0 || len(dims) > MaxDims || slices.Min(dims) < 1 || dims[0]%t.Block() != 0 {
		w.fail(fmt.Errorf("add tensor %q: dimensions %v of %s, allowed are 1 to %d of 1 and more, and rows of whole blocks",
			name, dims, t, MaxDims))
		return
	}
	p := pending{Tensor{Name: name, Type: t, Dims: dims}, fill}
	p.Size = t.Bytes(p.Elements())
	if n := len(w.tensors); n > 0 {
		last := w.tensors[n-1]
		p.Offset = w.pad(last.Offset + last.Size)
	}
	w.tensors = append(w.tensors, p)
}

// WriteTo writes the file. The data is produced piece by piece as it goes out.
func (w *Writer) WriteTo(out io.Writer) (int64, error) {
	w.init()
	if w.err != nil {
		return 0, w.err
	}
	c := &counter{out: out}
	if err := w.write(c); err != nil {
		return c.n, fmt.Errorf("write GGUF file: %w", err)
	}
	return c.n, nil
}

func (w *Writer) write(c *counter) error {
	if _, err := c.Write(w.header()); err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	for _, t := range w.tensors {
		if err := t.copy(c, buf); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if _, err := c.Write(make([]byte, w.pad(t.Size)-t.Size)); err != nil {
			return err
		}
	}
	return nil
}

// header is all that comes before the data, with its padding.
func (w *Writer) header() []byte {
	b := append([]byte(nil), magic...)
	b = w.append32(b, w.version)
	b = w.append64(b, uint64(len(w.tensors)))
	b = w.append64(b, uint64(w.count))
	b = append(b, w.entries.Bytes()...)
	for _, t := range w.tensors {
		b = w.append64(b, uint64(len(t.Name)))
		b = append(b, t.Name...)
		b = w.append32(b, uint32(len(t.Dims)))
		for _, d := range t.Dims {
			b = w.append64(b, uint64(d))
		}
		b = w.append32(b, uint32(t.Type))
		b = w.append64(b, uint64(t.Offset))
	}
	return append(b, make([]byte, w.pad(int64(len(b)))-int64(len(b)))...)
}

func (t pending) copy(to io.Writer, buf []byte) error {
	piece := int64(len(buf)) / t.Type.BlockBytes() * t.Type.BlockBytes()
	for left := t.Size; left > 0; left -= piece {
		p := buf[:min(left, piece)]
		if err := t.fill(p); err != nil {
			return err
		}
		if _, err := to.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// init fills in what a zero Writer leaves out.
func (w *Writer) init() {
	if w.order == nil {
		w.order = binary.LittleEndian
	}
	if w.version == 0 {
		w.version = 3
	}
	if w.Alignment == 0 {
		w.Alignment = DefaultAlignment
	}
	if a := w.Alignment; a < MinAlignment || a > MaxAlignment || a&(a-1) != 0 {
		w.fail(fmt.Errorf("alignment %d, allowed are powers of two from %d to %d", a, MinAlignment, MaxAlignment))
	}
	if w.Alignment != DefaultAlignment && w.count == 0 {
		w.count++
		w.string(keyAlignment)
		_ = w.value(uint32(w.Alignment)) // a type that cannot fail
	}
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *Writer) pad(n int64) int64 {
	unit := int64(w.Alignment)
	return (n + unit - 1) / unit * unit
}

// counter counts what is written.
type counter struct {
	out io.Writer
	n   int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.n += int64(n)
	return n, err
}
