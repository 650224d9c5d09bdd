package host

import (
	"slices"
	"time"
)

// tuner chooses how many threads compute a batch. The right number is not
// known beforehand: a small model loses more to the threads' meeting points
// than it gains, and on a busy machine a thread that spins for one that has
// been put to sleep costs many times what it gives. So the tuner measures: it
// keeps the best setting seen, tries a neighbour now and then, at once where
// steps have become slow, and rarely where nothing changes.
//
// It is plain state without clock or threads of its own. The zero value is not
// usable; newTuner makes one.
type tuner struct {
	steps  []int // thread counts that are tried, ascending
	groups [2]tuneGroup
}

// tuneGroup is the choice for one kind of batch: a few tokens, where memory
// is the limit, or many, where arithmetic is.
type tuneGroup struct {
	best    int           // index into steps
	cost    float64       // running mean of what a token costs with best
	floor   float64       // the lowest mean seen with best
	probe   int           // index being tried; -1 if none
	samples []float64     // of the probe
	up      bool          // which neighbour was tried last
	wait    time.Duration // until the next probe
	next    time.Time
}

const (
	fewTokens    = 32 // the largest batch that counts as few
	probeSteps   = 3
	shortestWait = 250 * time.Millisecond
	longestWait  = 16 * time.Second
	// A neighbour must be better by this much: two settings that are alike
	// are not worth going back and forth between.
	worthwhile = 0.93
	// A step that costs this much more than the best mean calls for a probe.
	suspicious = 1.6
)

// newTuner chooses among 1 to most threads.
func newTuner(most int) *tuner {
	t := &tuner{}
	for n := most; n > 1; n = (n + 1) / 2 {
		t.steps = append(t.steps, n)
	}
	t.steps = append(t.steps, 1)
	slices.Reverse(t.steps)
	for i := range t.groups {
		t.groups[i] = tuneGroup{best: len(t.steps) - 1, probe: -1, wait: shortestWait} // the first probe comes at once
	}
	return t
}

func (t *tuner) group(tokens int) *tuneGroup {
	if tokens <= fewTokens {
		return &t.groups[0]
	}
	return &t.groups[1]
}

// choose is the number of threads for a batch of this many tokens.
func (t *tuner) choose(tokens int, now time.Time) int {
	g := t.group(tokens)
	if g.probe < 0 && g.cost > 0 && len(t.steps) > 1 && !now.Before(g.next) {
		g.up = !g.up
		if g.probe = g.best - 1; g.up {
			g.probe = g.best + 1
		}
		if g.probe < 0 || g.probe >= len(t.steps) {
			g.probe = 2*g.best - g.probe // the neighbour on the other side
		}
		g.samples = g.samples[:0]
	}
	if g.probe >= 0 {
		return t.steps[g.probe]
	}
	return t.steps[g.best]
}

// observe takes how long that batch took.
func (t *tuner) observe(tokens int, took time.Duration, now time.Time) {
	g := t.group(tokens)
	// A batch costs a part that does not depend on its size: reading the
	// weights, which this many tokens are about worth.
	const base = 16
	cost := float64(took) / float64(tokens+base)
	if g.probe >= 0 {
		g.tried(cost, now)
		return
	}
	if g.cost == 0 {
		g.cost = cost
	}
	g.cost += (cost - g.cost) / 8
	if g.floor == 0 || g.cost < g.floor {
		g.floor = g.cost
	}
	if g.cost > suspicious*g.floor {
		g.floor = g.cost // what is normal has changed
		g.wait, g.next = shortestWait, now
	}
}

// tried takes a sample of the probe, and decides with the last one.
func (g *tuneGroup) tried(cost float64, now time.Time) {
	g.samples = append(g.samples, cost)
	if len(g.samples) < probeSteps {
		return
	}
	slices.Sort(g.samples)
	if median := g.samples[probeSteps/2]; median < worthwhile*g.cost {
		g.best, g.cost, g.floor = g.probe, median, median
		g.wait = shortestWait
	} else {
		g.wait = min(2*g.wait, longestWait)
	}
	g.probe = -1
	g.next = now.Add(g.wait)
}
