package batch

import "time"

// pacer decides how many prompt tokens may ride along with the tokens of
// answers that are being written. A prompt makes a step longer, and with it
// the gap between two tokens that a reader sees; the pacer keeps that gap
// below a multiple of what it would be without the prompt. It learns both
// costs from the steps themselves, and holds no clock.
type pacer struct {
	most    int     // tokens of a batch
	writing float64 // what a step without prompts takes, running mean in ns
	token   float64 // what a prompt token adds, running mean in ns
}

const (
	// stretch is how long a step with a prompt may take, in steps without.
	stretch = 3
	// The least chunk: less would make a prompt's reading endless.
	leastChunk = 8
	// firstChunk is taken while nothing is known yet.
	firstChunk = 32
)

// chunk is how many prompt tokens the next step may hold beside this many
// answers.
func (p *pacer) chunk(writing int) int {
	switch {
	case writing == 0:
		return p.most
	case p.writing == 0 || p.token == 0:
		return firstChunk
	}
	n := int((stretch - 1) * p.writing / p.token)
	return max(leastChunk, min(n, p.most-writing))
}

// observe takes how long a step with so many answers and prompt tokens took.
func (p *pacer) observe(writing, reading int, took time.Duration) {
	t := float64(took)
	switch {
	case writing > 0 && reading == 0:
		p.writing = mean(p.writing, t)
	case writing > 0 && p.writing > 0:
		p.token = mean(p.token, max(t-p.writing, t/100)/float64(reading))
	}
}

func mean(m, x float64) float64 {
	if m == 0 {
		return x
	}
	return m + (x-m)/4
}
