package gguf

import (
	"bytes"
	"io"
)

// File is what stands before the weights in a GGUF file: its metadata and the
// table of its tensors. It does not change, and is safe for concurrent use as
// far as the reader it was opened on is.
type File struct {
	Version   int // 2 or 3
	BigEndian bool
	Alignment int64
	Size      int64 // of the whole file

	Metadata []Value  // in the file's order
	Tensors  []Tensor // in the file's order, which is that of their data

	// DataOffset is where the tensors' data begins, and DataSize how long it is
	// up to the end of the last one. Bytes may follow it.
	DataOffset, DataSize int64

	keys  map[string]int
	names map[string]int
}

// Tensor is an entry of the tensor table.
type Tensor struct {
	Name string
	Type Type
	Dims []int64 // the first one is the length of a row

	// Offset is where the data begins, counted from File.DataOffset, and Size
	// how many bytes it has.
	Offset, Size int64
}

// Elements is how many numbers the tensor holds.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// Open reads the header of a GGUF file of the given size. It returns a
// *FormatError if the file is not valid, and keeps r for values that are read
// later.
func Open(r io.ReaderAt, size int64) (*File, error) {
	if size < 0 || size > maxFile {
		return nil, wrong(0, "the file has %d bytes, allowed are at most %d", size, int64(maxFile))
	}
	p := parser{cursor: cursor{src: &source{r: r}, size: size, buf: make([]byte, min(size, bufferSize))}}
	return p.file()
}

// Parse is Open for a file in memory.
func Parse(b []byte) (*File, error) { return Open(bytes.NewReader(b), int64(len(b))) }

// Get returns the entry of a key.
func (f *File) Get(key string) (Value, bool) {
	i, ok := f.keys[key]
	if !ok {
		return Value{}, false
	}
	return f.Metadata[i], true
}

// Tensor returns the tensor of a name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.names[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}
