package memplan

import (
	"math"
	"testing"

	"github.com/inferd/inferd/model"
)

func TestBeside_CountsAllThatCome(t *testing.T) {
	f := parse(t, model.GGUF)
	small, large := plan(t, f, Options{Slots: 4, Context: 512}), plan(t, f, Options{Slots: 4})
	need := small.needed()
	for name, c := range map[string]struct {
		memory          int64
		running, coming []Plan
		want            bool
	}{
		"nothing comes":          {1, nil, nil, true},
		"one that fits":          {need, nil, []Plan{small}, true},
		"one that does not":      {need - 1, nil, []Plan{small}, false},
		"two, and room for one":  {2*need - 1, nil, []Plan{small, small}, false},
		"two, and room for both": {2 * need, nil, []Plan{small, small}, true},
		"a larger one":           {need, nil, []Plan{large}, false},
		"mapped weights stay":    {need + small.Evictable() - 1, []Plan{small}, []Plan{small}, false},
		"and leave the rest":     {need + small.Evictable(), []Plan{small}, []Plan{small}, true},
		"memory nobody knows of": {0, []Plan{large}, []Plan{large}, true},
		"plans beyond numbers":   {1 << 40, nil, []Plan{{Lines: []Line{{Bytes: math.MaxInt64}}}, {Lines: []Line{{Bytes: math.MaxInt64}}}}, false},
	} {
		if got := Beside(Memory{Host: c.memory}, c.running, c.coming); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
