package queue

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// tally counts what happened to the calls of Admit from the outside.
type tally struct {
	running, admitted, refused, left atomic.Int64
}

// TestGate_SurvivesRandomCancels has many callers come, go and change their
// minds at once, under limits that move, and compares the books at the end.
func TestGate_SurvivesRandomCancels(t *testing.T) {
	const (
		callers   = 32
		calls     = 300
		maxActive = 4
	)
	var (
		g     = New(Limits{Active: maxActive, Waiting: callers / 2})
		books tally
		group sync.WaitGroup
		stop  = make(chan struct{})
	)
	for i := range callers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for range calls {
				books.call(t, g, random, maxActive)
			}
		})
	}
	var mover sync.WaitGroup
	mover.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				g.SetActive(maxActive)
				return
			default:
				g.SetActive(1 + n%maxActive)
				runtime.Gosched()
			}
		}
	})
	group.Wait()
	close(stop)
	mover.Wait()

	s := g.Stats()
	if s.Active != 0 || s.Waiting != 0 {
		t.Errorf("%d active and %d waiting after all have left", s.Active, s.Waiting)
	}
	got := [3]int64{int64(s.Admitted), int64(s.Refused), int64(s.Left)}
	want := [3]int64{books.admitted.Load(), books.refused.Load(), books.left.Load()}
	if got != want {
		t.Errorf("admitted, refused, left are %v, want %v", got, want)
	}
	if sum := got[0] + got[1] + got[2]; sum != callers*calls {
		t.Errorf("the counters add up to %d, want %d", sum, callers*calls)
	}
}

// call is one Admit whose context a second goroutine may end at any moment.
func (b *tally) call(t *testing.T, g *Gate, random *rand.Rand, maxActive int64) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var canceller sync.WaitGroup
	defer canceller.Wait()
	if random.IntN(2) == 0 {
		yields := random.IntN(20)
		canceller.Go(func() {
			for range yields {
				runtime.Gosched()
			}
			cancel(errGone)
		})
	}
	release, err := g.Admit(ctx, Caller{}, func(position int) {
		if position < 1 {
			t.Errorf("told position %d", position)
		}
	})
	switch {
	case err == nil:
		b.admitted.Add(1)
		if n := b.running.Add(1); n > maxActive {
			t.Errorf("%d run at once, limit %d", n, maxActive)
		}
		for range random.IntN(5) {
			runtime.Gosched()
		}
		b.running.Add(-1)
		// Twice, from two goroutines: only one of them counts.
		var releasers sync.WaitGroup
		releasers.Go(release)
		releasers.Go(release)
		releasers.Wait()
	case errors.Is(err, ErrFull):
		b.refused.Add(1)
	case errors.Is(err, errGone):
		b.left.Add(1)
	default:
		t.Errorf("admit: %v", err)
	}
}
