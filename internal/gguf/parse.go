package gguf

import (
	"encoding/binary"
	"math/bits"
)

const (
	magic = "GGUF"

	keyAlignment = "general.alignment"

	// The least that an entry can take: a length, a byte, a type and a byte of
	// value; and a length, a byte, a count, a type and an offset.
	minEntry  = 8 + 1 + 4 + 1
	minTensor = 8 + 1 + 4 + 4 + 8
)

// parser reads a file's header.
type parser struct {
	cursor
	f    File
	kept int64 // bytes of values in memory
}

func (p *parser) file() (*File, error) {
	p.f.Size = p.size
	tensors, entries, err := p.header()
	if err != nil {
		return nil, err
	}
	p.f.keys = map[string]int{}
	for range entries {
		if err := p.entry(); err != nil {
			return nil, err
		}
	}
	if err := p.alignment(); err != nil {
		return nil, err
	}
	if err := p.tensors(tensors); err != nil {
		return nil, err
	}
	f := p.f // apart from the parser, whose buffer would live as long
	return &f, nil
}

func (p *parser) header() (tensors, entries uint64, err error) {
	b, err := p.next(4, "the magic number", "")
	if err != nil {
		return 0, 0, err
	}
	if string(b) != magic {
		return 0, 0, wrong(0, "the file begins with %q, a GGUF file begins with %q", b, magic)
	}
	if err := p.version(); err != nil {
		return 0, 0, err
	}
	if tensors, err = p.count("tensors", MaxTensors, minTensor); err != nil {
		return 0, 0, err
	}
	entries, err = p.count("metadata entries", MaxKeys, minEntry)
	return tensors, entries, err
}

// version reads the version, which gives the byte order away: read the wrong
// way round it is a huge number.
func (p *parser) version() error {
	b, err := p.next(4, "the version", "")
	if err != nil {
		return err
	}
	v := binary.LittleEndian.Uint32(b)
	p.src.order = binary.LittleEndian
	if v&0xffff == 0 && v != 0 {
		v = bits.ReverseBytes32(v)
		p.src.order, p.f.BigEndian = binary.BigEndian, true
	}
	if v != 2 && v != 3 {
		return wrong(4, "the version is %d, allowed are 2 and 3", v)
	}
	p.f.Version = int(v)
	return nil
}

// count reads a number of entries that take at least size bytes each.
func (p *parser) count(what string, limit, size uint64) (uint64, error) {
	at := p.off
	n, err := p.uint64("the number of "+what, "")
	if err != nil {
		return 0, err
	}
	if n > limit {
		return 0, wrong(at, "the file declares %d %s, allowed are at most %d", n, what, limit)
	}
	if n > p.remain()/size {
		return 0, wrong(at, "the file declares %d %s, and has %d more bytes for them", n, what, p.remain())
	}
	return n, nil
}

// entry reads a key and its value.
func (p *parser) entry() error {
	at := p.off
	key, err := p.name(MaxKey, "a key")
	if err != nil {
		return err
	}
	if _, again := p.f.keys[key]; again {
		return wrong(at, "the key %q is there twice", key)
	}
	v := Value{Key: key, Len: 1, src: p.src}
	if v.Type, err = p.valueType(key); err != nil {
		return err
	}
	switch v.Type {
	case String:
		err = p.stringValue(&v)
	case Array:
		err = p.arrayValue(&v)
	default:
		v.Size, v.Offset = v.Type.width(), p.off
		err = p.skip(uint64(v.Size), "the value", key)
	}
	if err != nil {
		return err
	}
	if err := p.keep(&v); err != nil {
		return err
	}
	p.f.keys[key] = len(p.f.Metadata)
	p.f.Metadata = append(p.f.Metadata, v)
	return nil
}

func (p *parser) valueType(key string) (ValueType, error) {
	at := p.off
	n, err := p.uint32("the type", key)
	if err != nil {
		return 0, err
	}
	if t := ValueType(n); t.known() {
		return t, nil
	}
	return 0, wrong(at, "%q has the value type %d, allowed are 0 to %d", key, n, len(valueTypes)-1)
}

func (p *parser) stringValue(v *Value) error {
	n, err := p.stringLength(v.Key)
	if err != nil {
		return err
	}
	v.Len, v.Size, v.Offset = int(n), int64(n), p.off
	return p.skip(n, "the value", v.Key)
}

func (p *parser) stringLength(key string) (uint64, error) {
	at := p.off
	n, err := p.uint64("the length of a string", key)
	if err != nil {
		return 0, err
	}
	if n > MaxString {
		return 0, wrong(at, "%q holds a string of %d bytes, allowed are at most %d", key, n, MaxString)
	}
	return n, nil
}

// arrayValue walks over an array. Arrays of arrays are in the format, but no
// model has one and the engine refuses them.
func (p *parser) arrayValue(v *Value) error {
	at := p.off
	var err error
	if v.Elem, err = p.valueType(v.Key); err != nil {
		return err
	}
	if v.Elem == Array {
		return wrong(at, "%q is an array of arrays, allowed are arrays of numbers, bools and strings", v.Key)
	}
	at = p.off
	n, err := p.uint64("the length", v.Key)
	if err != nil {
		return err
	}
	if n > MaxArray {
		return wrong(at, "%q has %d elements, allowed are at most %d", v.Key, n, MaxArray)
	}
	v.Len, v.Offset = int(n), p.off
	if v.Elem == String {
		err = p.stringElements(v.Key, n)
	} else {
		err = p.skip(n*uint64(v.Elem.width()), "the elements", v.Key)
	}
	v.Size = p.off - v.Offset
	return err
}

func (p *parser) stringElements(key string, n uint64) error {
	for range n {
		size, err := p.stringLength(key)
		if err != nil {
			return err
		}
		if err := p.skip(size, "an element", key); err != nil {
			return err
		}
	}
	return nil
}

// keep reads a value that is short into memory.
func (p *parser) keep(v *Value) error {
	if v.Size == 0 || v.Size > keepValue || v.Size > keepTotal-p.kept {
		return nil
	}
	p.kept += v.Size
	v.kept = make([]byte, v.Size)
	// It is in the buffer, more often than not.
	if at := v.Offset - p.start; at >= 0 && at+v.Size <= int64(p.have) {
		copy(v.kept, p.buf[at:])
		return nil
	}
	return p.src.readAt(v.kept, v.Offset)
}

func (p *parser) alignment() error {
	p.f.Alignment = DefaultAlignment
	v, ok := p.f.Get(keyAlignment)
	if !ok {
		return nil
	}
	if v.Type != Uint32 {
		return v.mistyped("uint32")
	}
	n, err := v.Uint()
	if err != nil {
		return err
	}
	if n < MinAlignment || n > MaxAlignment || bits.OnesCount64(n) != 1 {
		return wrong(v.Offset, "%q is %d, allowed are powers of two from %d to %d",
			keyAlignment, n, MinAlignment, MaxAlignment)
	}
	p.f.Alignment = int64(n)
	return nil
}
