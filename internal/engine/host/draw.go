package host

import "math"

// draw is a uniform number in [0, 1) for position at of a request with this
// seed. It is a counter-based generator (Philox 2x32 with ten rounds): the
// number depends on seed and position alone, so that a request that is parked,
// resumed or replayed draws the same numbers again.
func draw(seed uint32, at int) float64 {
	lo, hi, key := uint32(at), uint32(uint64(at)>>32), seed
	for range 10 {
		p := uint64(lo) * 0xD256D193
		lo, hi = uint32(p>>32)^key^hi, uint32(p)
		key += 0x9E3779B9
	}
	return float64(uint64(hi)<<32|uint64(lo)) / (1 << 64)
}

// choose picks one of n weighted candidates: u is in [0, 1), and weights need
// not sum to 1.
func choose(u float64, n int, logit func(int) float32) int {
	top := math.Inf(-1)
	for i := range n {
		top = max(top, float64(logit(i)))
	}
	sum := 0.0
	for i := range n {
		sum += math.Exp(float64(logit(i)) - top)
	}
	rest := u * sum
	last := 0
	for i := range n {
		w := math.Exp(float64(logit(i)) - top)
		if w == 0 {
			continue
		}
		last = i
		if rest -= w; rest < 0 {
			return i
		}
	}
	return last // rounding: u was next to 1
}
