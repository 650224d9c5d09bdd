package main

import (
	"context"
	"fmt"

	"github.com/inferd/inferd/internal/loadgen"
)

// decodeAlone is S1.
func decodeAlone(ctx context.Context, l *lab) ([]Result, error) {
	model, err := l.benchModel()
	if err != nil {
		return nil, err
	}
	results, err := l.decodeOn(ctx, decodeCase{onBench, model, 1, l.pick(128, 64), atLeast(0.98)})
	if err != nil {
		return results, err
	}
	more, err := l.decodeOn(ctx, decodeCase{onBuiltin, builtinModel, l.pick(24, 12), 64, atLeast(0.90)})
	return append(results, more...), err
}

type decodeCase struct {
	name, model string
	questions   int // of each sample
	tokens      int
	target      *Target
}

// decodeOn compares three: the bare engine, the daemon with the same number of
// threads, and the daemon as it comes.
func (l *lab) decodeOn(ctx context.Context, c decodeCase) ([]Result, error) {
	fixed, err := l.serve(ctx, settings{model: c.model, slots: 1, threads: l.threads, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer fixed.stop()
	automatic, err := l.serve(ctx, settings{model: c.model, slots: 1, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer automatic.stop()
	w, err := l.workload(ctx, fixed, c.model == builtinModel)
	if err != nil {
		return nil, err
	}
	var all []loadgen.Trace // of the daemon with fixed threads
	stack := func(d *daemon) arm {
		return func(ctx context.Context) (float64, error) {
			questions := make([]loadgen.Request, c.questions)
			for i := range questions {
				questions[i] = w.question(64, c.tokens)
			}
			traces, err := ask(ctx, d, questions...)
			if d == fixed {
				all = append(all, traces...)
			}
			return decodeSpeed(traces), err
		}
	}
	// The first answers say how long the bare engine's have to be.
	if _, err := stack(fixed)(ctx); err != nil {
		return nil, err
	}
	if _, err := stack(automatic)(ctx); err != nil {
		return nil, err
	}
	prompt, answer := meanTokens(all)
	all = nil
	bare := func(ctx context.Context) (float64, error) {
		s, err := l.raw(ctx, rawRun{model: c.model, sequences: 1, prompt: prompt, tokens: answer, times: c.questions})
		return s.decode, err
	}
	got, err := l.rounds(ctx, bare, stack(fixed), stack(automatic))
	if err != nil {
		return nil, err
	}
	return []Result{
		l.compare(got, 1, 0, "tokens/s", Result{Case: c.name, Target: c.target, Note: drafts(all)}),
		l.compare(got, 2, 0, "tokens/s", Result{Case: c.name + ", automatic threads"}),
	}, nil
}

const crowd = 16

// decodeTogether is S2.
func decodeTogether(ctx context.Context, l *lab) ([]Result, error) {
	d, w, err := l.serveBench(ctx, settings{slots: crowd, threads: l.threads, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	// Long answers to short prompts: the reading of prompts is not the matter.
	tokens := l.pick(128, 96)
	together := func(n int) arm {
		return func(ctx context.Context) (float64, error) {
			questions := make([]loadgen.Request, n)
			for i := range questions {
				questions[i] = w.question(8, tokens)
			}
			traces, err := askTogether(ctx, d, questions)
			if err != nil {
				return 0, err
			}
			return speedTogether(traces), nil
		}
	}
	bare := func(n int) arm {
		return func(ctx context.Context) (float64, error) {
			s, err := l.raw(ctx, rawRun{model: l.model, sequences: n, prompt: 16, tokens: tokens})
			return s.decode, err
		}
	}
	got, err := l.rounds(ctx, together(1), together(crowd), bare(1), bare(crowd))
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("the bare engine: %s against %s", figure(middle(got, 3), "tokens/s"), figure(middle(got, 2), "tokens/s"))
	return []Result{
		l.compare(got, 1, 0, "tokens/s", Result{Case: onBench, Target: atLeast(4), Note: note}),
	}, nil
}

// middle is the median of an arm, over all rounds.
func middle(all []round, arm int) float64 { return loadgen.Median(column(all, arm)) }
