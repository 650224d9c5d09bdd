package queue

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errGone = errors.New("client gone")

// arrival is one Admit in a goroutine of its own. Inside a synctest bubble its
// fields may be read after synctest.Wait.
type arrival struct {
	cancel    context.CancelCauseFunc
	release   func()
	err       error
	done      bool
	positions []int
}

func arrive(t *testing.T, g *Gate) *arrival {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &arrival{cancel: cancel}
	go func() {
		a.release, a.err = g.Admit(ctx, Caller{UID: 1000}, func(position int) {
			a.positions = append(a.positions, position)
		})
		a.done = true
	}()
	synctest.Wait()
	return a
}

func (a *arrival) expectAdmitted(t *testing.T) {
	t.Helper()
	if !a.done || a.err != nil || a.release == nil {
		t.Fatalf("done %v, err %v, release %v; want admitted", a.done, a.err, a.release != nil)
	}
}

func (a *arrival) expectWaiting(t *testing.T, positions ...int) {
	t.Helper()
	if a.done {
		t.Fatalf("done with err %v, want waiting", a.err)
	}
	if !slices.Equal(a.positions, positions) {
		t.Fatalf("heard positions %v, want %v", a.positions, positions)
	}
}

func (a *arrival) expectError(t *testing.T, want error) {
	t.Helper()
	if !a.done || !errors.Is(a.err, want) || a.release != nil {
		t.Fatalf("done %v, err %v, release %v; want %v alone", a.done, a.err, a.release != nil, want)
	}
}

func expectStats(t *testing.T, g *Gate, want Stats) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, g.Stats()); diff != "" {
		t.Fatalf("stats (-want +got):\n%s", diff)
	}
}

func TestGate_AdmitsInOrderAndTellsPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Active: 1, Waiting: 2}
		g := New(limits)
		a, b, c, d := arrive(t, g), arrive(t, g), arrive(t, g), arrive(t, g)
		a.expectAdmitted(t)
		b.expectWaiting(t, 1)
		c.expectWaiting(t, 2)
		d.expectError(t, ErrFull)
		expectStats(t, g, Stats{Active: 1, Waiting: 2, Limits: limits, Admitted: 1, Refused: 1})

		a.release()
		a.release() // does nothing: c must not get in by it
		synctest.Wait()
		b.expectAdmitted(t)
		c.expectWaiting(t, 2, 1)

		b.release()
		synctest.Wait()
		c.expectAdmitted(t)
		c.release()
		if len(a.positions) != 0 {
			t.Errorf("a never waited, but heard positions %v", a.positions)
		}
		expectStats(t, g, Stats{Limits: limits, Admitted: 3, Refused: 1})
	})
}

func TestGate_LeavingMovesUpThoseBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Active: 1, Waiting: 3}
		g := New(limits)
		a, b, c, d := arrive(t, g), arrive(t, g), arrive(t, g), arrive(t, g)
		c.cancel(errGone)
		synctest.Wait()
		c.expectError(t, errGone)
		b.expectWaiting(t, 1)
		d.expectWaiting(t, 3, 2)
		b.cancel(errGone)
		synctest.Wait()
		a.release()
		synctest.Wait()
		d.expectAdmitted(t)
		d.release()
		expectStats(t, g, Stats{Limits: limits, Admitted: 2, Left: 2})
	})
}

func TestGate_DeadlinePassesWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Limits{Active: 0, Waiting: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		release, err := g.Admit(ctx, Caller{}, nil)
		if release != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("release %v, err %v, want the deadline's error alone", release != nil, err)
		}
		expectStats(t, g, Stats{Limits: Limits{Waiting: 1}, Left: 1})
	})
}

func TestGate_EndedContextNeverEnters(t *testing.T) {
	g := New(Limits{Active: 1})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGone)
	release, err := g.Admit(ctx, Caller{}, nil)
	if release != nil || !errors.Is(err, errGone) {
		t.Fatalf("release %v, err %v, want %v alone", release != nil, err, errGone)
	}
	if s := g.Stats(); s.Active != 0 || s.Left != 1 {
		t.Errorf("stats %+v, want nobody active, 1 left", s)
	}
}

func TestGate_PermitThatMeetsACancelGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Active: 1, Waiting: 2}
		g := New(limits)
		a := arrive(t, g)

		// b is held up in moved while its permit and its cancel both arrive.
		ctx, cancel := context.WithCancelCause(t.Context())
		hold, b := make(chan struct{}), &arrival{}
		go func() {
			b.release, b.err = g.Admit(ctx, Caller{}, func(int) { <-hold })
			b.done = true
		}()
		synctest.Wait()
		c := arrive(t, g)

		a.release()
		expectStats(t, g, Stats{Active: 1, Waiting: 1, Limits: limits, Admitted: 1})
		cancel(errGone)
		close(hold)
		synctest.Wait()
		b.expectError(t, errGone)
		c.expectAdmitted(t)
		c.release()
		expectStats(t, g, Stats{Limits: limits, Admitted: 2, Left: 1})
	})
}

func TestGate_TellsOnlyTheLatestPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Limits{Active: 1, Waiting: 4})
		a, b, c := arrive(t, g), arrive(t, g), arrive(t, g)
		hold, heard := make(chan struct{}), []int(nil)
		done := make(chan struct{})
		go func() {
			defer close(done)
			release, err := g.Admit(t.Context(), Caller{}, func(position int) {
				heard = append(heard, position)
				<-hold
			})
			if err != nil {
				t.Errorf("admit: %v", err)
				return
			}
			release()
		}()
		synctest.Wait()
		b.cancel(errGone)
		synctest.Wait()
		c.cancel(errGone)
		synctest.Wait()
		close(hold)
		synctest.Wait()
		a.release()
		<-done
		if diff := cmp.Diff([]int{3, 1}, heard); diff != "" {
			t.Errorf("positions (-want +got):\n%s", diff)
		}
	})
}

func TestGate_MovedMayUseTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Limits{Active: 0, Waiting: 1})
		release, err := g.Admit(t.Context(), Caller{}, func(int) {
			if w := g.Stats().Waiting; w != 1 {
				t.Errorf("%d wait, want 1", w)
			}
			g.SetActive(1)
		})
		if err != nil {
			t.Fatal(err)
		}
		release()
	})
}

func TestGate_PanicInMovedGivesThePlaceBack(t *testing.T) {
	g := New(Limits{Active: 0, Waiting: 1})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the caller")
			}
		}()
		_, _ = g.Admit(t.Context(), Caller{}, func(int) { panic("bug in moved") })
	}()
	if s := g.Stats(); s.Waiting != 0 || s.Left != 1 {
		t.Errorf("stats %+v, want nobody waiting, 1 left", s)
	}
}

func TestGate_SetActiveIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Limits{Active: -1, Waiting: 3})
		a, b, c := arrive(t, g), arrive(t, g), arrive(t, g)
		a.expectWaiting(t, 1)
		g.SetActive(2)
		synctest.Wait()
		a.expectAdmitted(t)
		b.expectAdmitted(t)
		c.expectWaiting(t, 3, 1)

		g.SetActive(1)
		a.release()
		synctest.Wait()
		c.expectWaiting(t, 3, 1)
		expectStats(t, g, Stats{Active: 1, Waiting: 1, Limits: Limits{Active: 1, Waiting: 3}, Admitted: 2})
		b.release()
		synctest.Wait()
		c.expectAdmitted(t)
		c.release()

		g.SetActive(-5)
		expectStats(t, g, Stats{Limits: Limits{Active: 0, Waiting: 3}, Admitted: 3})
	})
}

func TestGate_SetWaitingIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Limits{Active: 1, Waiting: 1})
		a, b, c := arrive(t, g), arrive(t, g), arrive(t, g)
		c.expectError(t, ErrFull)
		g.SetWaiting(2)
		d, e := arrive(t, g), arrive(t, g)
		d.expectWaiting(t, 2)
		e.expectError(t, ErrFull)

		g.SetWaiting(-3) // b and d keep their places, nobody joins them
		f := arrive(t, g)
		f.expectError(t, ErrFull)
		expectStats(t, g, Stats{Active: 1, Waiting: 2, Limits: Limits{Active: 1, Waiting: 0}, Admitted: 1, Refused: 3})
		for _, c := range []*arrival{a, b, d} {
			synctest.Wait()
			c.expectAdmitted(t)
			c.release()
		}
	})
}

func TestGate_CloseEndsTheLineAndSparesTheRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Active: 1, Waiting: 2}
		g := New(limits)
		a, b := arrive(t, g), arrive(t, g)
		g.Close()
		g.Close()
		c := arrive(t, g)
		a.expectAdmitted(t)
		b.expectError(t, ErrClosed)
		c.expectError(t, ErrClosed)
		expectStats(t, g, Stats{Active: 1, Limits: limits, Admitted: 1, Refused: 1, Left: 1})
		a.release()
		g.SetActive(5)
		limits.Active = 5
		expectStats(t, g, Stats{Limits: limits, Admitted: 1, Refused: 1, Left: 1})
	})
}
