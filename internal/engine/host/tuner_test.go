package host

import (
	"testing"
	"time"
)

// machine is a made-up machine: how long a batch takes with so many threads.
type machine func(threads, tokens int) time.Duration

// drive runs n batches and returns the time spent, and what it would have
// been with the best fixed setting.
func drive(t *tuner, m machine, n, tokens int) (spent, best time.Duration) {
	for range n {
		threads := t.choose(tokens)
		took := m(threads, tokens)
		t.observe(tokens, threads, took)
		spent += took
		least := took
		for _, s := range t.steps {
			least = min(least, m(s, tokens))
		}
		best += least
	}
	return spent, best
}

func TestTuner_FindsTheBestSetting(t *testing.T) {
	for name, c := range map[string]struct {
		most int
		m    machine
		want int
	}{
		"scales": {8, func(n, _ int) time.Duration { return 40 * time.Millisecond / time.Duration(n) }, 8},
		"one is best": {8, func(n, _ int) time.Duration {
			return time.Duration(200+100*n) * time.Microsecond
		}, 1},
		"half is best": {8, func(n, _ int) time.Duration {
			if n > 4 {
				return 30 * time.Millisecond
			}
			return 40 * time.Millisecond / time.Duration(n)
		}, 4},
		"only one": {1, func(int, int) time.Duration { return time.Millisecond }, 1},
	} {
		tu := newTuner(c.most)
		drive(tu, c.m, 3000, 1)
		if got := tu.steps[tu.groups[0].best]; got != c.want {
			t.Errorf("%s: chose %d threads, want %d", name, got, c.want)
		}
		spent, best := drive(tu, c.m, 5000, 1)
		if over := float64(spent)/float64(best) - 1; over > 0.03 {
			t.Errorf("%s: costs %.1f %% more than the best setting", name, 100*over)
		}
	}
}

// A machine that becomes busy, and idle again: the tuner follows both ways.
func TestTuner_FollowsTheMachine(t *testing.T) {
	busy := false
	m := func(n, _ int) time.Duration {
		switch {
		case n == 1:
			return 20 * time.Millisecond
		case busy:
			return 80 * time.Millisecond // spinning for a thread that sleeps
		}
		return 11 * time.Millisecond
	}
	tu := newTuner(2)
	for round := range 3 {
		for _, b := range []bool{false, true} {
			busy = b
			drive(tu, m, 2000, 1) // time to find out
			spent, best := drive(tu, m, 2000, 1)
			if over := float64(spent)/float64(best) - 1; over > 0.05 {
				t.Errorf("round %d, busy %v: costs %.1f %% more than the best setting", round, b, 100*over)
			}
		}
	}
}

// A model for which one token waits for memory, and sixteen for arithmetic.
func TestTuner_KeepsOneAndSixteenApart(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		if tokens == 1 {
			return 14*time.Millisecond + time.Duration(n)*time.Millisecond
		}
		return time.Duration(10+10*tokens) * time.Millisecond / time.Duration(n)
	}
	tu := newTuner(2)
	drive(tu, m, 2000, 1)
	spent, best := drive(tu, m, 50, 16)
	if over := float64(spent)/float64(best) - 1; over > 0.05 {
		t.Errorf("after a long answer to one, sixteen cost %.1f %% more than they need to", 100*over)
	}
}

func TestTuner_KeepsReadingAndWritingApart(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		if tokens > 32 {
			return time.Duration(tokens) * time.Millisecond / time.Duration(n)
		}
		return time.Duration(n) * time.Millisecond
	}
	tu := newTuner(4)
	for range 2000 {
		drive(tu, m, 1, 4)
		drive(tu, m, 1, 256)
	}
	if few, many := tu.steps[tu.group(4).best], tu.steps[tu.group(256).best]; few != 1 || many != 4 {
		t.Errorf("chose %d threads for few tokens and %d for many, want 1 and 4", few, many)
	}
}

// A machine whose every second thread is always asleep, and batches of all
// sizes: the tuner must not pay for finding that out again and again.
func TestTuner_PaysLittleOnABusyMachine(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		d := 300*time.Microsecond + time.Duration(tokens)*100*time.Microsecond
		if n > 1 {
			return 40*time.Millisecond + d
		}
		return d
	}
	tu := newTuner(2)
	for i := range 100 {
		drive(tu, m, 5, 1+i*7%200)
	}
	var spent, best time.Duration
	for i := range 20_000 {
		s, b := drive(tu, m, 1, 1+i*7%200)
		spent, best = spent+s, best+b
	}
	if over := float64(spent)/float64(best) - 1; over > 0.03 {
		t.Errorf("costs %.1f %% more than one thread", 100*over)
	}
}

// A large model on an idle machine, from the first step on: probes are few,
// since each is long.
func TestTuner_PaysLittleWhereStepsAreLong(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		return (10*time.Millisecond + time.Duration(tokens)*6*time.Millisecond) / time.Duration(n)
	}
	tu := newTuner(2)
	var spent, best time.Duration
	for range 50 {
		for _, step := range []struct{ n, tokens int }{{1, 170}, {5, 16}} {
			s, b := drive(tu, m, step.n, step.tokens)
			spent, best = spent+s, best+b
		}
	}
	if over := float64(spent)/float64(best) - 1; over > 0.04 {
		t.Errorf("%.1f %% over the best setting in %v", 100*over, best)
	}
}

// The same with batches of every kind: what the probes of each cost adds up.
func TestTuner_PaysLittleForAllKindsTogether(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		return (10*time.Millisecond + time.Duration(tokens)*6*time.Millisecond) / time.Duration(n)
	}
	tu := newTuner(2)
	mix := func(rounds int) (spent, best time.Duration) {
		for range rounds {
			for _, step := range []struct{ n, tokens int }{{8, 60}, {10, 16}, {4, 5}, {8, 1}} {
				s, b := drive(tu, m, step.n, step.tokens)
				spent, best = spent+s, best+b
			}
		}
		return spent, best
	}
	mix(2)
	spent, best := mix(30)
	if over := float64(spent)/float64(best) - 1; over > 0.017 {
		t.Errorf("%.1f %% over the best setting in %v", 100*over, best)
	}
}

// Batches of a kind that is rare are what the machine does now and then for
// somebody who waits: no more of them are tried out than of any other.
func TestTuner_SeldomTriesWhatIsRare(t *testing.T) {
	m := func(n, tokens int) time.Duration {
		return time.Duration(10+tokens) * time.Millisecond / time.Duration(n)
	}
	tu := newTuner(2)
	tried := 0
	const rounds = 60
	for range rounds {
		drive(tu, m, 30, 16)
		if tu.choose(40) != 2 {
			tried++
		}
		drive(tu, m, 1, 40)
	}
	if tried > rounds/10 {
		t.Errorf("%d of %d rare batches had another number of threads than the best", tried, rounds)
	}
}

// Short steps, of which one with two threads now and then waits for a processor
// that another has: that is no reason to do without the second.
func TestTuner_IsNotPutOffByASlowStep(t *testing.T) {
	steps := 0
	m := func(n, _ int) time.Duration {
		switch steps++; {
		case n == 1:
			return 360 * time.Microsecond
		case steps < 1000:
			return 6 * time.Millisecond // the machine was busy at the start
		case steps%4 == 0:
			return 600 * time.Microsecond
		}
		return 240 * time.Microsecond
	}
	tu := newTuner(2)
	var one, all time.Duration
	for range 20_000 {
		threads := tu.choose(1)
		took := m(threads, 1)
		tu.observe(1, threads, took)
		if all += took; threads == 1 {
			one += took
		}
	}
	if share := float64(one) / float64(all); share > 0.3 {
		t.Errorf("%.0f %% of the time with one thread, which is slower", 100*share)
	}
}
