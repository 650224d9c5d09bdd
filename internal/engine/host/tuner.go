package host

import (
	"math/bits"
	"slices"
	"time"
)

// tuner chooses how many threads compute a batch. The right number is not
// known beforehand: a small model loses more to the threads' meeting points
// than it gains, and on a busy machine a thread that spins for one that has
// been put to sleep costs many times what it gives. So the tuner measures: it
// keeps the best setting seen, tries a neighbour now and then, at once where
// steps have become slow, and rarely where nothing changes. How often is reckoned
// in the time that steps of the kind take: those that are rare are rarely tried.
//
// It is plain state without clock or threads of its own. The zero value is not
// usable; newTuner makes one.
type tuner struct {
	steps  []int // thread counts that are tried, ascending
	groups [len(groupEnds) + 1]tuneGroup
}

// groupEnds are the largest batches of the kinds that are chosen for apart. One
// token costs a reading of all weights, and a second thread little helps with
// that; the more tokens, the more of the cost is arithmetic.
var groupEnds = [...]int{1, 7, 32}

// tuneGroup is the choice for one kind of batch.
type tuneGroup struct {
	best   int           // index into steps
	cost   [12]float64   // running mean of what a token costs with best, by size of batch
	slow   int           // steps in a row that took much longer than that
	probe  int           // index being tried; -1 if none
	ratios []float64     // of the probe's costs to the best's
	lost   time.Duration // what the probe has cost more than the best would have
	up     bool          // which neighbour was tried last
	wait   time.Duration // between two probes
	spent  time.Duration // by all batches of the kind
	due    time.Duration // the next probe comes when so much is spent
}

const (
	probeSteps   = 3
	shortestWait = 20 * time.Millisecond
	longestWait  = 4 * time.Second
	// A probe that lost is made up for by so many times its loss: steps of a
	// large model are long, and so are probes.
	worthLoss = 50
	// A neighbour must be better by this much: two settings that are alike
	// are not worth going back and forth between.
	worthwhile = 0.93
	// A probe that costs this much more is given up at once: on a busy machine
	// one step with too many threads can take as long as a hundred. Of a short
	// step, less may be chance.
	hopeless      = 1.5
	hopelessShort = 4
	shortStep     = 10 * time.Millisecond
	// Two steps in a row that cost this much more than the mean call for a
	// probe. One thread alone has nobody to wait for, so it is not suspected.
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
		t.groups[i] = tuneGroup{best: len(t.steps) - 1, probe: -1, wait: shortestWait, due: shortestWait}
	}
	return t
}

func (t *tuner) group(tokens int) *tuneGroup {
	for i, end := range groupEnds {
		if tokens <= end {
			return &t.groups[i]
		}
	}
	return &t.groups[len(groupEnds)]
}

// size sorts batches into such as can be compared with one another.
func size(tokens int) int { return min(bits.Len(uint(tokens)), 11) }

// choose is the number of threads for a batch of this many tokens.
func (t *tuner) choose(tokens int) int {
	g := t.group(tokens)
	known := g.cost[size(tokens)] > 0
	if g.probe < 0 && known && len(t.steps) > 1 && g.spent >= g.due {
		g.up = !g.up
		if g.probe = g.best - 1; g.up {
			g.probe = g.best + 1
		}
		if g.probe < 0 || g.probe >= len(t.steps) {
			g.probe = 2*g.best - g.probe // the neighbour on the other side
		}
		g.ratios, g.lost = g.ratios[:0], 0
	}
	if g.probe >= 0 && known {
		return t.steps[g.probe]
	}
	return t.steps[g.best]
}

// observe takes how long that batch took with so many threads.
func (t *tuner) observe(tokens, threads int, took time.Duration) {
	g := t.group(tokens)
	g.spent += took
	// A batch costs a part that does not depend on its size: reading the
	// weights, which this many tokens are about worth.
	const base = 16
	cost := float64(took) / float64(tokens+base)
	mean := &g.cost[size(tokens)]
	if g.probe >= 0 && threads == t.steps[g.probe] {
		ratio := cost / *mean
		g.lost += time.Duration(float64(took) * (1 - 1/ratio))
		g.tried(ratio, took)
		return
	}
	if *mean == 0 {
		*mean = cost
	}
	if g.slow++; cost < suspicious**mean {
		g.slow = 0
	}
	*mean += (cost - *mean) / 8
	if g.slow >= 2 && g.best > 0 {
		g.slow, g.wait, g.due = 0, shortestWait, g.spent
	}
}

// tried takes a sample of the probe, and decides with the last one.
func (g *tuneGroup) tried(ratio float64, took time.Duration) {
	g.ratios = append(g.ratios, ratio)
	bad := ratio > hopeless && (took > shortStep || ratio > hopelessShort)
	if !bad && len(g.ratios) < probeSteps {
		return
	}
	slices.Sort(g.ratios)
	median := g.ratios[len(g.ratios)/2]
	switch {
	case bad:
		g.wait = min(4*g.wait, longestWait)
	case median < worthwhile:
		g.up = g.probe < g.best // the next one goes on in the same direction
		g.best = g.probe
		for i := range g.cost { // until they are measured anew
			g.cost[i] *= median
		}
		g.wait = shortestWait
	default:
		g.wait = min(2*g.wait, longestWait)
	}
	g.probe = -1
	g.due = g.spent + max(g.wait, worthLoss*g.lost)
}
