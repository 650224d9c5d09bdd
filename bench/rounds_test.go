package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counting is an arm that gives from, from+1, …
func counting(from float64) arm {
	return func(context.Context) (float64, error) {
		from++
		return from - 1, nil
	}
}

func TestRounds_AlternateArms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		order := ""
		note := func(name string, a arm) arm {
			return func(ctx context.Context) (float64, error) {
				order += name
				return a(ctx)
			}
		}
		got, err := testLab(t).rounds(t.Context(), note("A", counting(10)), note("B", counting(20)))
		if err != nil || order != "ABABAB" {
			t.Fatalf("arms ran as %s, %v", order, err)
		}
		if d := cmp.Diff([]float64{10. / 20, 11. / 21, 12. / 22}, ratio(got, 0, 1)); d != "" {
			t.Error(d)
		}
	})
}

// A server's threads that look out for more work are not the next arm's trouble.
func TestRounds_LetTheLastArmComeToRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLab(t)
		l.settle = time.Minute
		var ended time.Time
		_, err := l.rounds(t.Context(), func(context.Context) (float64, error) {
			ended = time.Now()
			return 1, nil
		}, func(context.Context) (float64, error) {
			if pause := time.Since(ended); pause < time.Minute {
				t.Errorf("the next arm came after %v", pause)
			}
			return 1, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A round in which the machine was busy is made again, but not for ever.
func TestRounds_RepeatLoudOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const loud = 1.5
		// Each round looks whether the machine is quiet, then watches its arm.
		l := testLab(t, 0, 0, 0, loud, 0, 0, 0, 0)
		got, err := l.rounds(t.Context(), counting(0))
		if err != nil || len(got) != 4 || got[1].quiet || !got[3].quiet {
			t.Errorf("rounds %+v, %v", got, err)
		}
		l = testLab(t)
		l.watch = func() func() noise { return func() noise { return noise{other: loud, known: true} } }
		got, err = l.rounds(t.Context(), counting(0))
		if err != nil || len(got) != l.most() {
			t.Errorf("%d rounds on a machine that is never quiet, want %d; %v", len(got), l.most(), err)
		}
	})
}

func TestRounds_KeepToTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLab(t)
		got, err := l.rounds(t.Context(), func(context.Context) (float64, error) {
			time.Sleep(l.budget())
			return 1, nil
		})
		if err != nil || len(got) != 1 {
			t.Errorf("%d rounds, want the one that fits; %v", len(got), err)
		}
	})
}

func TestRounds_EndWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		_, err := testLab(t).rounds(t.Context(), counting(0), func(context.Context) (float64, error) { return 0, broken })
		if !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
	})
}

func TestAwaitQuiet_WaitsForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		testLab(t, 1, 1, 1, 0).awaitQuiet(t.Context())
		if took := time.Since(began); took != 4*300*time.Millisecond {
			t.Errorf("it waited %v, want four looks", took)
		}
	})
}

func TestNoiseOf_CountsOthersOnly(t *testing.T) {
	for name, c := range map[string]struct {
		before, after usage
		took          time.Duration
		known         bool
		want          noise
	}{
		"nothing going on":        {usage{10, 5}, usage{10, 5}, time.Second, true, noise{0, true}},
		"only what is measured":   {usage{10, 5}, usage{12, 7}, time.Second, true, noise{0, true}},
		"half a processor":        {usage{10, 5}, usage{12.02, 6}, 2 * time.Second, true, noise{0.5, true}},
		"within what is counted":  {usage{10, 5}, usage{10.02, 5}, time.Second, true, noise{0, true}},
		"own more than all":       {usage{10, 5}, usage{10, 5.5}, time.Second, true, noise{0, true}},
		"a system that says none": {usage{}, usage{}, time.Second, false, noise{}},
		"no time":                 {usage{}, usage{5, 0}, 0, true, noise{}},
	} {
		got := noiseOf(c.before, c.after, c.took, c.known)
		if got.known != c.want.known || got.other-c.want.other > 1e-9 || c.want.other-got.other > 1e-9 {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if !(noise{}).quiet() || (noise{other: 0.5, known: true}).quiet() || !(noise{other: 0.01, known: true}).quiet() {
		t.Error("quiet is not what it was")
	}
}
