package main

import (
	"context"

	"github.com/inferd/inferd/internal/loadgen"
)

// beside is S14.
func beside(ctx context.Context, l *lab) ([]Result, error) {
	if err := l.hasPeer(); err != nil {
		return nil, err
	}
	model, err := l.benchModel()
	if err != nil {
		return nil, err
	}
	results, err := l.besideOn(ctx, besideCase{onBench, model, 1, atLeast(1.15)})
	if err != nil {
		return results, err
	}
	more, err := l.besideOn(ctx, besideCase{onBuiltin, builtinModel, l.pick(8, 4), atLeast(2)})
	return append(results, more...), err
}

type besideCase struct {
	name, model string
	questions   int // of each client
	target      *Target
}

// besideOn lets the servers answer the same questions in turn: the daemon with
// as many threads as the peer, the peer, and the daemon as it comes.
func (l *lab) besideOn(ctx context.Context, c besideCase) ([]Result, error) {
	d, err := l.serve(ctx, settings{model: c.model, slots: crowd, threads: l.threads, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	automatic, err := l.serve(ctx, settings{model: c.model, slots: crowd, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer automatic.stop()
	p, err := l.servePeer(ctx, c.model, crowd, 1024)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	var w *workload
	for _, t := range []loadgen.Target{d, p, automatic} { // warms them up
		if w, err = l.workload(ctx, t, c.model == builtinModel); err != nil {
			return nil, err
		}
	}
	var first [3][]float64 // p95 of the first token, in milliseconds
	var clients []loadgen.Client
	side := func(i int, t loadgen.Target) arm {
		return func(ctx context.Context) (float64, error) {
			if i == 0 { // the other sides get the same
				clients = w.crowd(c.questions)
			}
			traces, err := answered(loadgen.Run(ctx, t, clients))
			if err != nil {
				return 0, err
			}
			r := loadgen.Summarize(traces)
			first[i] = append(first[i], r.FirstToken.P95)
			return r.TokensPerSecond, nil
		}
	}
	got, err := l.rounds(ctx, side(0, d), side(1, p), side(2, automatic))
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, own := range []struct {
		arm          int
		name         string
		speed, first *Target
	}{{0, c.name, c.target, atMost(1)}, {2, c.name + ", automatic threads", nil, nil}} {
		late := make([]float64, len(got))
		for i := range late {
			late[i] = first[own.arm][i] / first[1][i]
		}
		note := figure(loadgen.Median(first[own.arm]), "ms") + " against " + figure(loadgen.Median(first[1]), "ms")
		results = append(results,
			l.compare(got, own.arm, 1, "tokens/s", Result{Case: own.name, Target: own.speed}),
			l.judge(got, late, Result{Case: own.name + ", first token p95", Unit: "×", Target: own.first, Note: note}),
		)
	}
	return results, nil
}

// crowd makes the clients of one round, each with so many questions. Nobody is
// kept from guessing ahead here: it is the whole servers that are compared.
func (w *workload) crowd(questions int) []loadgen.Client {
	clients := make([]loadgen.Client, crowd)
	for i := range clients {
		own := make([]loadgen.Request, questions)
		for j := range own {
			own[j] = w.question(64, 48)
			own[j].FrequencyPenalty = 0
		}
		clients[i] = asking(own)
	}
	return clients
}
