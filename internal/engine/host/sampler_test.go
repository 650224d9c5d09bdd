package host

import (
	"math"
	"testing"
)

func TestDraw_DependsOnSeedAndPositionOnly(t *testing.T) {
	seen := map[float64]bool{}
	for seed := range uint32(20) {
		for at := range 200 {
			u := draw(seed, at)
			if u < 0 || u >= 1 || u != draw(seed, at) {
				t.Fatalf("draw(%d, %d) = %v, then %v", seed, at, u, draw(seed, at))
			}
			seen[u] = true
		}
	}
	if len(seen) < 3999 {
		t.Errorf("4000 draws gave only %d numbers", len(seen))
	}
}

func TestDraw_IsUniform(t *testing.T) {
	const n, bins = 100_000, 20
	var seed, at [bins]int
	for i := range n {
		seed[int(draw(uint32(i), 7)*bins)]++
		at[int(draw(7, i)*bins)]++
	}
	for i := range bins {
		// Five standard deviations of a fair bin.
		if slack := 5 * math.Sqrt(n/bins); math.Abs(float64(seed[i])-n/bins) > slack || math.Abs(float64(at[i])-n/bins) > slack {
			t.Errorf("bin %d holds %d by seed and %d by position, want about %d", i, seed[i], at[i], n/bins)
		}
	}
}

func TestChoose_FollowsTheWeights(t *testing.T) {
	logits := []float32{1, 3, float32(math.Inf(-1)), 2}
	count := make([]int, len(logits))
	const n = 200_000
	for i := range n {
		count[choose(draw(1, i), len(logits), func(i int) float32 { return logits[i] })]++
	}
	sum := math.Exp(1) + math.Exp(2) + math.Exp(3)
	for i, l := range logits {
		want := n * math.Exp(float64(l)) / sum
		if math.Abs(float64(count[i])-want) > 5*math.Sqrt(want)+1 {
			t.Errorf("candidate %d was chosen %d times, want about %.0f", i, count[i], want)
		}
	}
}

func TestChoose_TakesTheLastWhereRoundingLeavesNone(t *testing.T) {
	logits := []float32{0, 0, float32(math.Inf(-1))}
	if got := choose(math.Nextafter(1, 0), 3, func(i int) float32 { return logits[i] }); got != 1 {
		t.Errorf("chose %d, want the last that has any weight", got)
	}
}

func TestBroken(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		row  []float32
		want bool
	}{
		"none":               {nil, true},
		"plain":              {[]float32{1, -2, 3, 4, 5}, false},
		"a NaN at the end":   {[]float32{1, 2, 3, 4, nan}, true},
		"a NaN inside":       {[]float32{1, nan, 3, 4, 5}, true},
		"masked":             {[]float32{1, -inf, -inf, 2}, false},
		"opposite infinites": {[]float32{inf, 1, 1, 1, -inf, 1, 1, 1}, false},
	} {
		if got := broken(c.row); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestArgmax_TakesTheFirstOfEquals(t *testing.T) {
	if got := argmax([]float32{1, 5, 2, 5}); got != 1 {
		t.Errorf("got %d", got)
	}
}
