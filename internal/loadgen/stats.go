package loadgen

import (
	"math"
	"slices"
	"time"
)

// Quantile is the least of values that a share q of them does not exceed: for
// 0.5 the median, for 1 the largest. It is 0 where there are none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

// Median is the middle of values, or the mean of the two in the middle.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Milliseconds turns times into numbers.
func Milliseconds(times []time.Duration) []float64 {
	ms := make([]float64, len(times))
	for i, t := range times {
		ms[i] = float64(t) / float64(time.Millisecond)
	}
	return ms
}
