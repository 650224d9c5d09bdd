package gguf

import (
	"fmt"
	"math"
	"math/bits"
)

// Sizing is how a model is to be run.
type Sizing struct {
	// Cells is how many tokens there is room for, in all sequences together.
	Cells     int
	Sequences int
	// Split gives each sequence its own share of the cells.
	Split bool
	// Batch is how many tokens are computed in one step at most.
	Batch int
	// Flash computes attention without its whole matrix in memory.
	Flash bool
	// WindowOnly lets layers with a sliding window keep no more than that. The
	// engine's own choice is to keep all, so that sequences can be cut back.
	WindowOnly bool
	// Keys and Values are the types that the context is kept in: F16, unless
	// something else was asked for.
	Keys, Values Type
}

// Estimate is the memory that a model takes.
type Estimate struct {
	// Weights are the tensors, as they are in the file.
	Weights int64
	// Repacked is at most what the engine adds to them by keeping a copy in
	// another order, which it does where the processor computes faster on it.
	Repacked int64
	// KV is the context: exactly what the engine will ask for, but for less
	// than a page.
	KV int64
	// State is what layers with a state take instead, exactly.
	State int64
	// Compute is what intermediate results take: no less, and up to a sixth
	// more, for the architectures that it was measured with, and roughly for
	// others.
	Compute int64

	// Unknown are the reasons why something is left out above, in words. What
	// is left out is 0.
	Unknown []string
}

// Total is the sum of it all.
func (e Estimate) Total() int64 { return add(e.Weights, e.Repacked, e.KV, e.State, e.Compute) }

// cellUnit is what the engine rounds numbers of cells up to.
const cellUnit = 256

// Estimate says what the model takes when run so. A model that is split over
// several files is described by the first of them; the others add their
// weights only.
func (f *File) Estimate(s Sizing) (Estimate, error) {
	for _, c := range []struct {
		what string
		n    int
	}{{"cells", s.Cells}, {"sequences", s.Sequences}, {"batch", s.Batch}} {
		if c.n < 1 || c.n > math.MaxInt32 {
			return Estimate{}, fmt.Errorf("estimate memory: %s is %d, allowed are 1 to %d", c.what, c.n, math.MaxInt32)
		}
	}
	e := Estimate{Weights: f.WeightBytes(), Repacked: f.repackable()}
	layers, err := f.layerCaches()
	if err != nil {
		e.Unknown = append(e.Unknown, err.Error())
	}
	if e.KV, err = kvBytes(layers, s, f.window(layoutOf(f.Architecture()))); err != nil {
		return Estimate{}, err
	}
	for _, l := range layers {
		e.State = add(e.State, mul(l.state, 4, int64(s.Sequences)))
	}
	if f.Recurrent() {
		e.Unknown = append(e.Unknown, "what layers with a state take while they compute")
	}
	if e.Compute = f.computeBytes(s); e.Compute == 0 {
		e.Unknown = append(e.Unknown, "what intermediate results take: the header lacks the model's dimensions")
	}
	return e, nil
}

// pools is how many caches there are, and how many cells each has.
func (s Sizing) pools() (n, cells int64) {
	if !s.Split {
		return 1, roundUp(int64(s.Cells), cellUnit)
	}
	return int64(s.Sequences), max(roundUp(roundUp(int64(s.Cells), cellUnit)/int64(s.Sequences), cellUnit), cellUnit)
}

func kvBytes(layers []layerCache, s Sizing, window int) (int64, error) {
	pools, all := s.pools()
	near := all
	if s.WindowOnly {
		looks := int64(window)
		if !s.Split {
			looks = mul(looks, int64(s.Sequences))
		}
		near = roundUp(min(all, add(looks, int64(s.Batch))), cellUnit)
	}
	var sum int64
	for _, l := range layers {
		n, err := l.bytes(s.Keys, s.Values, s.Flash)
		if err != nil {
			return 0, err
		}
		cells := all
		if l.windowed {
			cells = near
		}
		sum = add(sum, mul(n, cells, pools))
	}
	return sum, nil
}

// repackable are the weights that may be kept twice: matrices of quantized
// types, but not the table of the tokens, which is looked up in and not
// multiplied by.
func (f *File) repackable() int64 {
	var sum int64
	for _, t := range f.Tensors {
		if t.Type.Quantized() && len(t.Dims) > 1 && t.Name != "token_embd.weight" {
			sum += t.Size
		}
	}
	return sum
}

func roundUp(n, unit int64) int64 { return add(n, unit-1) / unit * unit }

// add and mul stop at the largest number: a file can claim dimensions whose
// product nothing holds, and a sum that stays too large fits nowhere either.
// They are for numbers that are not negative.
func add(terms ...int64) int64 {
	var sum int64
	for _, t := range terms {
		if t > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += t
	}
	return sum
}

func mul(factors ...int64) int64 {
	product := int64(1)
	for _, n := range factors {
		high, low := bits.Mul64(uint64(product), uint64(n))
		if high != 0 || low > math.MaxInt64 {
			product = math.MaxInt64
			continue
		}
		product = int64(low)
	}
	return product
}
