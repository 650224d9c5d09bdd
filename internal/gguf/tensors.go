package gguf

import (
	"math"
	"math/bits"
)

// tensors reads the tensor table and finds where the data is.
func (p *parser) tensors(n uint64) error {
	p.f.names = map[string]int{}
	var next int64 // where the next tensor's data must begin
	for range n {
		t, err := p.tensor(next)
		if err != nil {
			return err
		}
		p.f.names[t.Name] = len(p.f.Tensors)
		p.f.Tensors = append(p.f.Tensors, t)
		p.f.DataSize = t.Offset + t.Size
		next = p.pad(p.f.DataSize)
	}
	p.f.DataOffset = p.off
	if n == 0 {
		return nil
	}
	p.f.DataOffset = p.pad(p.off)
	return p.dataFits()
}

// tensor reads an entry. A tensor's data begins where that of the one before
// it ends, and the padding after it: so says the engine, and so they can
// neither overlap nor leave room for anything else.
func (p *parser) tensor(next int64) (Tensor, error) {
	at := p.off
	var t Tensor
	var err error
	if t.Name, err = p.name(MaxTensorName, "the name of a tensor"); err != nil {
		return t, err
	}
	if _, again := p.f.names[t.Name]; again {
		return t, wrong(at, "the tensor %q is there twice", t.Name)
	}
	at = p.off
	elements, err := p.dims(&t)
	if err != nil {
		return t, err
	}
	if err := p.tensorType(&t); err != nil {
		return t, err
	}
	if row := t.row(); row%t.Type.Block() != 0 {
		return t, wrong(at, "tensor %q has rows of %d elements, allowed for %s are multiples of %d",
			t.Name, row, t.Type, t.Type.Block())
	}
	high, low := bits.Mul64(uint64(elements/t.Type.Block()), uint64(t.Type.BlockBytes()))
	if high != 0 || low > uint64(p.size) {
		return t, wrong(at, "tensor %q has %d elements of %s, more than fit into the file of %d bytes",
			t.Name, elements, t.Type, p.size)
	}
	t.Size = int64(low)
	return t, p.tensorOffset(&t, next)
}

// dims reads the dimensions. None at all is a single number.
func (p *parser) dims(t *Tensor) (elements int64, err error) {
	at := p.off
	n, err := p.uint32("the number of dimensions", t.Name)
	if err != nil {
		return 0, err
	}
	if n > MaxDims {
		return 0, wrong(at, "tensor %q has %d dimensions, allowed are at most %d", t.Name, n, MaxDims)
	}
	elements = 1
	t.Dims = make([]int64, n)
	for i := range t.Dims {
		at = p.off
		d, err := p.uint64("a dimension", t.Name)
		if err != nil {
			return 0, err
		}
		if d == 0 || d > math.MaxInt64 {
			return 0, wrong(at, "tensor %q has a dimension of %d, allowed are 1 to %d", t.Name, d, int64(math.MaxInt64))
		}
		high, low := bits.Mul64(uint64(elements), d)
		if high != 0 || low >= math.MaxInt64 {
			return 0, wrong(at, "tensor %q has more than %d elements", t.Name, int64(math.MaxInt64))
		}
		t.Dims[i], elements = int64(d), int64(low)
	}
	return elements, nil
}

func (p *parser) tensorType(t *Tensor) error {
	at := p.off
	n, err := p.uint32("the type", t.Name)
	if err != nil {
		return err
	}
	t.Type = Type(n)
	if !t.Type.Known() {
		return wrong(at, "tensor %q has the type %d, which the engine does not know; it knows 0 (F32) to %d (%s), but for some that were withdrawn",
			t.Name, n, len(layouts)-1, layouts[len(layouts)-1].name)
	}
	return nil
}

func (p *parser) tensorOffset(t *Tensor, next int64) error {
	at := p.off
	off, err := p.uint64("the offset", t.Name)
	if err != nil {
		return err
	}
	if off%uint64(p.f.Alignment) != 0 {
		return wrong(at, "tensor %q begins at %d of the data, allowed are multiples of %d", t.Name, off, p.f.Alignment)
	}
	if off != uint64(next) {
		return wrong(at, "tensor %q begins at %d of the data, the one before it ends at %d with its padding",
			t.Name, off, next)
	}
	if t.Size > p.size-next {
		return wrong(at, "tensor %q needs %d bytes at %d of the data, and the whole file has %d", t.Name, t.Size, next, p.size)
	}
	t.Offset = next
	return nil
}

// dataFits finds the first tensor that the file is too short for.
func (p *parser) dataFits() error {
	if p.f.DataOffset > p.size {
		return wrong(p.size, "the file ends before its data, which begins at byte %d", p.f.DataOffset)
	}
	if p.f.DataSize <= p.size-p.f.DataOffset {
		return nil
	}
	for _, t := range p.f.Tensors {
		if end := p.f.DataOffset + t.Offset + t.Size; end > p.size {
			return wrong(p.size, "the file ends here, and the data of tensor %q at byte %d: it is cut short", t.Name, end)
		}
	}
	return nil
}

// pad rounds up to the alignment.
func (p *parser) pad(n int64) int64 { return (n + p.f.Alignment - 1) &^ (p.f.Alignment - 1) }

// row is the length of the first dimension.
func (t Tensor) row() int64 {
	if len(t.Dims) == 0 {
		return 1
	}
	return t.Dims[0]
}
