package batch

import "time"

// pacer decides how many prompt tokens are read between two tokens of the
// answers that are being written. Reading makes that gap longer; the pacer
// keeps it below a multiple of what it would be without. It learns both costs
// from the steps themselves, and holds no clock.
type pacer struct {
	most    int     // tokens of a batch
	writing float64 // what one token for each answer takes, running mean in ns
	token   float64 // what a prompt token takes, running mean in ns
}

const (
	// stretch is how long a turn with a prompt may take, in turns without.
	stretch = 3
	// The least chunk: less would make a prompt's reading endless.
	leastChunk = 8
	// firstChunk is taken while nothing is known yet.
	firstChunk = 32
)

// chunk is how many prompt tokens the next turn may read beside so many
// answers. Each of the prompts that wait stretches the turn: where many arrive
// at once, nobody is served by all of them waiting long for their first word.
func (p *pacer) chunk(writing, prompts int) int {
	switch {
	case writing == 0:
		return p.most
	case p.writing == 0 || p.token == 0:
		return min(firstChunk, p.most)
	}
	n := (stretch - 1) * float64(prompts) * p.writing / p.token
	return min(max(leastChunk, int(min(n, float64(p.most)))), p.most)
}

// wrote takes how long a token for each answer took.
func (p *pacer) wrote(took time.Duration) { p.writing = mean(p.writing, float64(took)) }

// read takes how long so many prompt tokens took.
func (p *pacer) read(tokens int, took time.Duration) {
	p.token = mean(p.token, float64(took)/float64(tokens))
}

// reading is about how long so many prompt tokens will take.
func (p *pacer) reading(tokens int) time.Duration {
	if p.token == 0 {
		return unknown
	}
	return time.Duration(float64(tokens) * p.token)
}

func mean(m, x float64) float64 {
	if m == 0 {
		return x
	}
	return m + (x-m)/4
}
