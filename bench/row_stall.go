package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/loadgen"
)

// stall is S7, with the peer beside it where there is one.
func stall(ctx context.Context, l *lab) ([]Result, error) {
	model, err := l.benchModel()
	if err != nil {
		return nil, err
	}
	d, err := l.serve(ctx, settings{model: model, slots: 2, threads: l.threads, nCtx: 8192})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	sides := []*stalled{{target: d}}
	if l.hasPeer() == nil {
		p, err := l.servePeer(ctx, model, 2, 8192)
		if err != nil {
			return nil, err
		}
		defer p.stop()
		sides = append(sides, &stalled{target: p})
	}
	var arms []arm
	for _, s := range sides {
		if s.work, err = l.workload(ctx, s.target, false); err != nil {
			return nil, err
		}
		s.prompt = l.pick(4000, 1000)
		arms = append(arms, s.disturbed, s.alone)
	}
	got, err := l.rounds(ctx, arms...)
	if err != nil {
		return nil, err
	}
	results := []Result{l.compare(got, 0, 1, "ms", Result{Case: onBench, Target: atMost(4), Note: sides[0].note()})}
	if len(sides) > 1 {
		results = append(results, l.compare(got, 2, 3, "ms", Result{Case: onBench + ", llama.cpp's server", Note: sides[1].note()}))
	}
	return results, nil
}

// stalled measures the gaps in one client's answer.
type stalled struct {
	target loadgen.Target
	work   *workload
	prompt int // tokens of the other's prompt

	gaps    int       // of the last disturbed answer
	worst   float64   // of all of them, in milliseconds
	reading []float64 // how long the other's prompt took, in seconds
}

func (s *stalled) note() string {
	return fmt.Sprintf("prompt of %d tokens, read in %s; worst gap %s",
		s.prompt, figure(loadgen.Median(s.reading), "s"), figure(s.worst, "ms"))
}

// runUp is how many pieces an answer has before anything is measured.
const runUp = 20

var errTooShort = errors.New("the answer ended before it was under way")

// disturbed is the p99 of the gaps that overlap the reading of another client's
// prompt.
func (s *stalled) disturbed(ctx context.Context) (float64, error) {
	answer, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	from := time.Now()
	_, _, err = firstTokenMS(ctx, s.target, loadgen.Request{Prompt: s.work.words(s.prompt), MaxTokens: 1})
	to := time.Now()
	var gaps []float64
	for _, g := range answer.end() {
		if g.to.After(from) && g.from.Before(to) {
			gaps = append(gaps, loadgen.Milliseconds([]time.Duration{g.to.Sub(g.from)})...)
		}
	}
	if err == nil && len(gaps) == 0 {
		err = errors.New("the running answer ended before the other's prompt was read")
	}
	s.gaps = len(gaps)
	s.worst = max(s.worst, loadgen.Quantile(gaps, 1))
	s.reading = append(s.reading, to.Sub(from).Seconds())
	return loadgen.Quantile(gaps, 0.99), err
}

// alone is the same with no other client, over about as many gaps.
func (s *stalled) alone(ctx context.Context) (float64, error) {
	const least = 50
	t, err := ask(ctx, s.target, s.work.question(64, runUp+max(least, s.gaps)))
	if err != nil {
		return 0, err
	}
	gaps := loadgen.Milliseconds(t[0].Gaps())
	if len(gaps) <= runUp {
		return 0, errTooShort
	}
	return loadgen.Quantile(gaps[runUp:], 0.99), nil
}

// running is an answer that is being written.
type running struct {
	stop context.CancelFunc
	over sync.WaitGroup
	at   []time.Time // when each piece came
}

type gap struct{ from, to time.Time }

// begin starts a long answer, and returns when it is well under way.
func (s *stalled) begin(ctx context.Context) (*running, error) {
	session, err := s.target.Connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &running{stop: cancel}
	underWay, failed := make(chan struct{}), make(chan error, 1)
	r.over.Go(func() {
		defer func() { _ = session.Close() }()
		_, err := session.Ask(ctx, s.work.question(64, 3000), func() {
			if r.at = append(r.at, time.Now()); len(r.at) == runUp {
				close(underWay)
			}
		})
		failed <- err
	})
	select {
	case <-underWay:
		return r, nil
	case err := <-failed:
		cancel()
		return nil, errors.Join(errTooShort, err)
	}
}

// end breaks the answer off, and returns the gaps between its pieces.
func (r *running) end() (gaps []gap) {
	r.stop()
	r.over.Wait()
	for i := 1; i < len(r.at); i++ {
		gaps = append(gaps, gap{r.at[i-1], r.at[i]})
	}
	return gaps
}
