package host

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/engine/batch"
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

func TestCut_FindsNaNsAnywhere(t *testing.T) {
	for _, n := range []int{1, 7, 8, 9, 64, 1000} {
		for at := range n {
			row := make([]float32, n)
			row[at] = float32(math.NaN())
			for _, k := range []int{1, 5, n} {
				var c cutter
				if c.cut(row, min(k, n), nil) {
					t.Fatalf("the NaN at %d of %d was not seen with k=%d", at, n, k)
				}
			}
		}
	}
}

func TestCut_TakesTheFirstOfEquals(t *testing.T) {
	var c cutter
	if !c.cut([]float32{1, 5, 2, 5, 1, 1, 1, 1, 1, 5, 1, 1, 1}, 1, nil) || c.ids[0] != 1 {
		t.Errorf("took token %d, want 1", c.ids[0])
	}
}

// What is cut away can't be chosen: the likeliest tokens and those that the
// penalties may touch are all there, each once.
func TestCut_KeepsTheLikeliestAndTheRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "vocabulary")
		logits := make([]float32, n)
		for i := range logits { // few values, so that there are equals
			logits[i] = float32(rapid.IntRange(-3, 3).Draw(t, "logit"))
		}
		k := rapid.IntRange(1, n).Draw(t, "k")
		also := rapid.SliceOfN(rapid.Int32Range(0, int32(n-1)), 0, 20).Draw(t, "also")
		var c cutter
		if !c.cut(logits, k, also) {
			t.Fatal("a NaN was seen")
		}
		in := map[batch.Token]bool{}
		for i, id := range c.ids {
			if in[id] || c.logits[i] != logits[id] {
				t.Fatalf("token %d is twice in %v, or has another logit", id, c.ids)
			}
			in[id] = true
		}
		for _, id := range also {
			if !in[id] {
				t.Fatalf("recent token %d is not in %v", id, c.ids)
			}
		}
		var others []float32 // the row without the recent ones
		for id, l := range logits {
			if !slices.Contains(also, batch.Token(id)) {
				others = append(others, l)
			}
		}
		slices.Sort(others)
		if len(others) == 0 {
			return
		}
		least := others[max(0, len(others)-k)]
		for id, l := range logits {
			if l > least && !in[batch.Token(id)] {
				t.Fatalf("token %d with %v is missing, the least of the best %d has %v", id, l, k, least)
			}
		}
	})
}

func BenchmarkCut(b *testing.B) {
	logits := make([]float32, 32000)
	for i := range logits {
		logits[i] = float32(draw(1, i))
	}
	var c cutter
	b.ReportAllocs()
	for b.Loop() {
		c.cut(logits, 64, nil)
	}
}
