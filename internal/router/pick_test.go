package router

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPick_TakesTheFirstReadyAndCapable(t *testing.T) {
	var (
		good     = candidate{capable: true, ready: true}
		loading  = candidate{capable: true}
		embedder = candidate{ready: true}
		neither  = candidate{}
	)
	tests := []struct {
		name  string
		cs    []candidate
		index int
		why   reason
	}{
		{"no backends", nil, -1, noneCapable},
		{"one", []candidate{good}, 0, picked},
		{"the first of two", []candidate{good, good}, 0, picked},
		{"over one that loads", []candidate{loading, good}, 1, picked},
		{"over one that can't", []candidate{embedder, neither, good}, 2, picked},
		{"none can", []candidate{embedder, neither}, -1, noneCapable},
		{"none is ready", []candidate{loading}, -1, noneReady},
		{"one can but is not ready, one is ready but can't", []candidate{loading, embedder}, -1, noneReady},
		{"the same, other way round", []candidate{embedder, loading}, -1, noneReady},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			index, why := pick(test.cs)
			if index != test.index || why != test.why {
				t.Errorf("got %d, reason %d; want %d, reason %d", index, why, test.index, test.why)
			}
		})
	}
}

func TestPick_NeverPicksWorseThanItCould(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) candidate {
		return candidate{capable: rapid.Bool().Draw(t, "capable"), ready: rapid.Bool().Draw(t, "ready")}
	})
	rapid.Check(t, func(t *rapid.T) {
		cs := rapid.SliceOfN(draw, 0, 6).Draw(t, "candidates")
		index, why := pick(cs)
		before := cs
		if why == picked {
			if !cs[index].capable || !cs[index].ready {
				t.Fatalf("picked %d of %+v", index, cs)
			}
			before = cs[:index]
		}
		capable := false
		for _, c := range before {
			if c.capable && c.ready {
				t.Fatalf("passed over a good one in %+v (index %d, reason %d)", cs, index, why)
			}
			capable = capable || c.capable
		}
		if why != picked && capable != (why == noneReady) {
			t.Fatalf("reason %d for %+v", why, cs)
		}
	})
}
