package batch

import (
	"testing"
	"time"
)

// A machine with a fixed cost of a step and one for each token that is read.
func TestPacer_BoundsTheStep(t *testing.T) {
	for name, c := range map[string]struct{ step, token time.Duration }{
		"large model": {13 * time.Millisecond, 1300 * time.Microsecond},
		"small model": {300 * time.Microsecond, 40 * time.Microsecond},
	} {
		p := pacer{most: 512}
		for range 20 {
			p.wrote(c.step)
		}
		var n int
		for range 50 {
			n = p.chunk(1, 1)
			p.read(n, time.Duration(n)*c.token)
		}
		took := c.step + time.Duration(n)*c.token
		if took > (stretch+1)*c.step || took < 2*c.step {
			t.Errorf("%s: a turn with a chunk of %d takes %v, one without %v", name, n, took, c.step)
		}
		if many := p.chunk(1, 8); many < 7*n {
			t.Errorf("%s: eight prompts that wait get %d tokens a turn, one %d", name, many, n)
		}
	}
}

func TestPacer_NobodyWritesNobodyWaits(t *testing.T) {
	p := pacer{most: 512}
	p.wrote(time.Second)
	p.read(32, 2*time.Second)
	if n := p.chunk(0, 1); n != 512 {
		t.Errorf("chunk %d without any answer being written, want all of 512", n)
	}
}
