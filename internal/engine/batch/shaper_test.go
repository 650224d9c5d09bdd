package batch

import (
	"testing"
	"testing/synctest"
	"time"
)

// Machines, as what a step of so many tokens costs in milliseconds. Uneven is
// one that was measured: an eight-bit model of 350 M parameters on two cores.
var (
	uneven = map[int]int{1: 13, 2: 36, 3: 42, 4: 53, 5: 60, 6: 73, 7: 75, 8: 53, 9: 66, 10: 69, 13: 75, 16: 81, 20: 102, 24: 112}
	even   = map[int]int{1: 13, 2: 14, 3: 15, 4: 16, 5: 17, 6: 18, 7: 19, 8: 20, 9: 21, 10: 22, 13: 25, 16: 28, 20: 32, 24: 36}
)

// turns lets n answers take turns on a machine, and returns what they cost.
func turns(p *shaper, machine map[int]int, n, spare, turns int, now *time.Time) (cost int) {
	for range turns {
		size := p.size(n, n, spare, *now)
		steps := 1
		if size < n {
			steps = n / size
		}
		for range steps {
			cost += machine[size]
			*now = now.Add(time.Duration(machine[size]) * time.Millisecond)
			p.observe(size, time.Duration(machine[size])*time.Millisecond, *now)
		}
	}
	return cost
}

func TestShaper_FindsWhatCostsLeast(t *testing.T) {
	for _, c := range []struct {
		name                 string
		machine              map[int]int
		answers, spare, want int // milliseconds of a turn
	}{
		{"two, one by one", uneven, 2, 0, 2 * 13},
		{"three, nearly alike", uneven, 3, 0, 42},
		{"five, filled up", uneven, 5, 3, 53},
		{"six, filled up", uneven, 6, 9, 53},
		{"six, nothing to fill with", uneven, 6, 1, 73},
		{"thirteen, alike", uneven, 13, 3, 75},
		{"two together", even, 2, 3, 14},
		{"six together", even, 6, 3, 18},
		{"more than groups help", even, 20, 3, 32},
	} {
		var p shaper
		now := time.Unix(0, 0)
		const n = 1000
		if cost := turns(&p, c.machine, c.answers, c.spare, n, &now); float64(cost) > 1.02*float64(n*c.want) {
			t.Errorf("%s: %.1f ms a turn, want about %d", c.name, float64(cost)/n, c.want)
		}
	}
}

// One step that took long, since the processor was another's, changes nothing.
func TestShaper_ForgivesASlowStep(t *testing.T) {
	var p shaper
	now := time.Unix(0, 0)
	turns(&p, uneven, 2, 0, 100, &now)
	p.observe(1, time.Second, now)
	if size := p.size(2, 2, 0, now); size != 1 {
		t.Errorf("steps of %d after it, want 1", size)
	}
}

// A machine that changes, since its threads or its other work do, is learned anew.
func TestShaper_FollowsTheMachine(t *testing.T) {
	var p shaper
	now := time.Unix(0, 0)
	for i, machine := range []map[int]int{uneven, even, uneven} {
		turns(&p, machine, 2, 0, 5000, &now) // a minute and more
		if cost, best := turns(&p, machine, 2, 0, 1000, &now), 1000*min(machine[2], 2*machine[1]); float64(cost) > 1.05*float64(best) {
			t.Errorf("machine %d: %d ms for what could take %d", i, cost, best)
		}
	}
}

// Whatever the shapes: the answers are those that each would have alone.
func TestLoop_ReshapesItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 1<<20)
		sizes := map[int]int{}
		m.onBatch = func(e []Entry) {
			sizes[len(e)]++
			time.Sleep(time.Duration(uneven[min(len(e), 8)]) * time.Millisecond)
		}
		l, out := startLoop(t, m, Config{Slots: 8, Context: 1024, Batch: 16, Cuts: true})
		for _, answers := range []uint64{2, 6} {
			clear(sizes)
			for i := range answers {
				id := answers*10 + i
				l.Submit(request(t, id, longAnswer(20+int(id)), 100))
			}
			for range answers {
				<-out.ended
			}
			n := int(answers)
			if want := map[int]int{2: 1, 6: 8}[n]; sizes[want] < 50 || sizes[n] > 5 {
				t.Errorf("%d answers: steps by their tokens %v, want them of %d", n, sizes, want)
			}
			for i := range answers {
				id := answers*10 + i
				if want, _ := alone(longAnswer(20+int(id)), 100); out.text[id] != spell(want) {
					t.Errorf("request %d: got %q, want %q", id, out.text[id], spell(want))
				}
			}
		}
	})
}
