package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// arm measures one side of a comparison once.
type arm func(ctx context.Context) (float64, error)

// round is one value of each arm, measured one after the other.
type round struct {
	values []float64
	quiet  bool
}

// rounds runs the arms in turn, A B A B, until there are enough rounds in
// which the machine was quiet, or it is clear that it isn't. At least one is
// run; the time that the others may take is bounded.
func (l *lab) rounds(ctx context.Context, arms ...arm) ([]round, error) {
	var all []round
	began := time.Now()
	for quiet := 0; quiet < l.samples && len(all) < l.most(); {
		if len(all) > 0 && time.Since(began) > l.budget() {
			l.say("   the time for this row is over")
			break
		}
		r, loud, err := l.round(ctx, arms)
		if err != nil {
			return all, err
		}
		if r.quiet {
			quiet++
		}
		all = append(all, r)
		l.say("   %s%s", figures(r.values), loud)
	}
	return all, nil
}

// most is how many rounds there are at most.
func (l *lab) most() int { return l.samples + (l.samples+1)/2 }

// budget is after how long no further round begins.
func (l *lab) budget() time.Duration { return time.Duration(l.pick(240, 45)) * time.Second }

func (l *lab) round(ctx context.Context, arms []arm) (r round, loud string, err error) {
	l.awaitQuiet(ctx)
	r.quiet = true
	for i, measure := range arms {
		if i > 0 {
			l.pause(ctx)
		}
		done := l.watch()
		v, err := measure(ctx)
		if err != nil {
			return r, "", err
		}
		r.values = append(r.values, v)
		if n := done(); !n.quiet() {
			r.quiet = false
			loud = fmt.Sprintf("  (not quiet: %s)", n)
		}
	}
	return r, loud, nil
}

// awaitQuiet waits a while for others to finish what they are at: a build or a
// test run is often over in some seconds.
func (l *lab) awaitQuiet(ctx context.Context) {
	const look = 300 * time.Millisecond
	for range l.pick(60, 15) {
		done := l.watch()
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return
		}
		if done().quiet() {
			return
		}
	}
}

// pause lets what the last arm had running come to rest.
func (l *lab) pause(ctx context.Context) {
	select {
	case <-time.After(l.settle):
	case <-ctx.Done():
	}
}

func figures(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = figure(v, "")
	}
	return strings.Join(texts, "  ")
}

// column is one arm's values.
func column(all []round, arm int) []float64 {
	values := make([]float64, len(all))
	for i, r := range all {
		values[i] = r.values[arm]
	}
	return values
}

// ratio is one arm's values over another's, round by round: what disturbs both
// alike disturbs it little.
func ratio(all []round, arm, over int) []float64 {
	values := make([]float64, len(all))
	for i, r := range all {
		values[i] = r.values[arm] / r.values[over]
	}
	return values
}

// judge makes a result of samples, one of each round.
func (l *lab) judge(all []round, samples []float64, r Result) Result {
	quiet := make([]bool, len(all))
	for i := range all {
		quiet[i] = all[i].quiet
	}
	r.judge(samples, quiet, l.samples)
	return r
}

// compare makes a result of the ratio of two arms, with both sides' medians in
// front of the note.
func (l *lab) compare(all []round, arm, over int, unit string, r Result) Result {
	r.Unit = "×"
	sides := fmt.Sprintf("%s against %s", figure(middle(all, arm), unit), figure(middle(all, over), unit))
	if r.Note != "" {
		sides += "; " + r.Note
	}
	r.Note = sides
	return l.judge(all, ratio(all, arm, over), r)
}
