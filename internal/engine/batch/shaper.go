package batch

import (
	"slices"
	"time"
)

// shaper decides how many tokens the steps of those that write have. What a step
// costs does not simply grow with its tokens: kernels take them by fours or
// eights, and some have a quick way for one token alone. On a processor that was
// measured, two tokens took as long as three of one each, and six longer than
// eight. The engine does not tell, so the shaper learns it from the steps. It
// holds no clock.
type shaper struct {
	took [widest + 1]float64 // by tokens of the step: running mean in ns
	seen [widest + 1]time.Time
}

const (
	// widest is the largest step that is reshaped.
	widest = 32
	// apart is how many answers are computed one by one at most.
	apart = 4
	// Kernels take tokens in groups of so many; up to so many missing ones are
	// filled in.
	group, filled = 8, 3
	// After so long a shape that lost is tried again, to see whether it still
	// does; after ten times as long if it cost so many times what the best did.
	again     = 3 * time.Second
	muchWorse = 1.5
	// What costs more than so many times the mean is believed only if it comes
	// again: for a moment the processor was another's.
	outlier = 1.5
	// Another shape must be better by this much: two that are alike are not
	// worth going back and forth between.
	better = 0.93
)

// observe takes how long a step of so many tokens took.
func (p *shaper) observe(tokens int, took time.Duration, now time.Time) {
	if tokens > widest {
		return
	}
	m, x := p.took[tokens], float64(took)
	if m > 0 {
		x = min(x, outlier*m)
	}
	p.took[tokens], p.seen[tokens] = mean(m, x), now
}

// size is how many tokens the steps shall have that compute so many answers and
// would have n tokens as one: n, 1 or, where there are sequences to spare, a few
// more than n.
func (p *shaper) size(answers, n, spare int, now time.Time) int {
	other := 0
	switch full := (n + group - 1) / group * group; {
	case answers < 2 || full > widest:
		return n
	case answers <= apart:
		other = 1
	case full > n && full-n <= min(filled, spare):
		other = full
	default:
		return n
	}
	whole, instead := p.took[n], p.took[other]
	if other == 1 {
		instead *= float64(answers)
	}
	switch {
	case whole == 0:
		return n
	case instead == 0:
		return other
	case instead < better*whole:
		if p.old(n, whole/instead, now) {
			return n
		}
		return other
	case p.old(other, instead/whole, now):
		return other
	}
	return n
}

// old reports whether it is time to try a size again that cost so many times
// what the best did.
func (p *shaper) old(size int, worse float64, now time.Time) bool {
	wait := again
	if worse > muchWorse {
		wait *= 10
	}
	return now.Sub(p.seen[size]) > wait
}

// reshape gives the steps of those that write the sizes that cost least. The
// spare sequences that it adds lie in spare.
func (l *Loop) reshape(steps []step, spare []int, now time.Time) ([]step, []int) {
	whole := len(steps)
	for i, st := range slices.Backward(steps) {
		n := len(st.shares) + len(st.spare)
		below, above := l.room(steps[:whole], i)
		switch size := l.shaper.size(len(st.shares), n, below+above, now); {
		case size < n:
			for j := range st.shares[1:] {
				steps = append(steps, step{shares: st.shares[j+1 : j+2]})
			}
			steps[i] = step{shares: st.shares[:1]}
		case size > n:
			above = min(above, size-n)
			below = size - n - above
			from, first, last := len(spare), st.shares[0].slot.seq, st.shares[len(st.shares)-1].slot.seq
			for k := range below {
				spare = append(spare, first-below+k)
			}
			spare = append(spare, st.spare...)
			for k := range above {
				spare = append(spare, last+1+k)
			}
			steps[i].spare = spare[from:len(spare):len(spare)]
		}
	}
	return steps, spare
}

// room is how many sequences before and behind a step may be fed tokens for
// nothing.
func (l *Loop) room(steps []step, i int) (below, above int) {
	st := steps[i]
	first, last := st.shares[0].slot.seq, st.shares[len(st.shares)-1].slot.seq
	begin, end := 0, l.cfg.Slots
	if i > 0 {
		before := steps[i-1].shares
		begin = before[len(before)-1].slot.seq + 1
	}
	if i+1 < len(steps) {
		end = steps[i+1].shares[0].slot.seq
	}
	most := min(filled, l.cfg.Batch-len(st.shares)-len(st.spare))
	for above < most && last+1+above < end && l.canSpare(last+1+above) {
		above++
	}
	for below < most-above && first-1-below >= begin && l.canSpare(first-1-below) {
		below++
	}
	return below, above
}
