package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// xorshift is a fast generator of random bits: a benchmark model has hundreds
// of millions of weights, and nobody looks at their quality.
type xorshift uint64

func newXorshift(seed uint64) *xorshift {
	// Neighbouring seeds must not give similar numbers, nor any seed the state
	// that the generator never leaves.
	x := seed*0x9e3779b97f4a7c15 + 0xd1b54a32d192ed03
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x ^= x >> 32
	r := xorshift(max(x, 1))
	return &r
}

func (r *xorshift) next() uint64 {
	x := *r
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = x
	return uint64(x)
}

// normal is about normally distributed around 0 with the deviation that scale
// was made for: the sum of four even distributions. There is one
// multiplication and no floating-point addition, since processors that do both
// in one step would round differently.
func (r *xorshift) normal(scale float64) float32 {
	bits := r.next()
	sum := int32(bits&0xffff) + int32(bits>>16&0xffff) + int32(bits>>32&0xffff) + int32(bits>>48)
	return float32(float64(2*sum-4*0xffff) * scale)
}

// Deviations of what the bits below stand for, before scaling: four even
// distributions of 16 bits, doubled; 8 bits with sign; 4 bits with sign.
const (
	deviation16 = 75674.7
	deviation8  = 73.6
	deviation4  = 4.61
)

// randomWeights fills a tensor with weights of a deviation.
func randomWeights(t Type, deviation float64, seed uint64) Fill {
	r := newXorshift(seed)
	scale := deviation / deviation16
	switch t {
	case F32:
		return func(p []byte) error {
			for i := 0; i < len(p); i += 4 {
				binary.LittleEndian.PutUint32(p[i:], math.Float32bits(r.normal(scale)))
			}
			return nil
		}
	case F16:
		return func(p []byte) error {
			for i := 0; i < len(p); i += 2 {
				binary.LittleEndian.PutUint16(p[i:], half(r.normal(scale)))
			}
			return nil
		}
	case Q8_0:
		return r.blocks(34, half(float32(deviation/deviation8)), noLowest)
	case Q4_0:
		return r.blocks(18, half(float32(deviation/deviation4)), func(x uint64) uint64 { return x })
	}
	return func([]byte) error {
		return fmt.Errorf("random weights of type %s, allowed are F32, F16, Q8_0 and Q4_0", t)
	}
}

// blocks fills blocks of a 16-bit scale and random bits.
func (r *xorshift) blocks(size int, scale uint16, word func(uint64) uint64) Fill {
	return func(p []byte) error {
		for ; len(p) > 0; p = p[size:] {
			binary.LittleEndian.PutUint16(p, scale)
			for i := 2; i < size; i += 8 {
				binary.LittleEndian.PutUint64(p[i:], word(r.next()))
			}
		}
		return nil
	}
}

// noLowest turns every byte -128 into -127: a quantizer never makes the one
// that has no opposite, and kernels may rely on that.
func noLowest(x uint64) uint64 {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	y := x ^ high // -128 becomes 0
	zero := ^((y&low + low) | y | low)
	return x | zero>>7
}

// constant fills a tensor of F32 with a number.
func constant(x float32) Fill {
	return func(p []byte) error {
		for i := 0; i < len(p); i += 4 {
			binary.LittleEndian.PutUint32(p[i:], math.Float32bits(x))
		}
		return nil
	}
}

// half is x as a 16-bit float, rounded towards zero.
func half(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>16) & 0x8000
	exponent := int(b>>23&0xff) - 127 + 15
	mantissa := b & 0x7fffff
	switch {
	case exponent >= 31:
		return sign | 0x7c00
	case exponent > 0:
		return sign | uint16(exponent)<<10 | uint16(mantissa>>13)
	case exponent >= -10:
		return sign | uint16((mantissa|0x800000)>>(14-exponent))
	}
	return sign
}
