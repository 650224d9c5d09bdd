package loadgen

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantile_OfKnownValues(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // 100 … 1
	}
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{nil, 0.5, 0}, {[]float64{7}, 0, 7}, {[]float64{7}, 1, 7}, {[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2}, {hundred, 0.5, 50}, {hundred, 0.95, 95}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0, 1},
	} {
		if got := Quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %g of %v is %g, want %g", c.q, c.values, got, c.want)
		}
	}
}

func TestMedian_OfKnownValues(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{5}, 5}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("median of %v is %g, want %g", c.values, got, c.want)
		}
	}
}

// Whatever the values, a quantile is one of them, no more than a share q of
// them lies below it, and the argument is left alone.
func TestQuantile_IsWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 50).Draw(t, "values")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		before := slices.Clone(values)
		got := Quantile(values, q)
		below, upTo := 0, 0
		for _, v := range values {
			if v < got {
				below++
			}
			if v <= got {
				upTo++
			}
		}
		n := float64(len(values))
		if !slices.Contains(values, got) || float64(upTo) < q*n || below > 0 && float64(below) >= q*n+1e-9 {
			t.Errorf("quantile %g of %v is %g", q, values, got)
		}
		if !slices.Equal(before, values) {
			t.Errorf("the values were reordered: %v, before %v", values, before)
		}
	})
}
