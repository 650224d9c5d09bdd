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

// besideOn lets both servers answer the same questions in turn.
func (l *lab) besideOn(ctx context.Context, c besideCase) ([]Result, error) {
	d, err := l.serve(ctx, settings{model: c.model, slots: crowd, threads: l.threads, nCtx: 1024})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	p, err := l.servePeer(ctx, c.model, crowd, 1024)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	w, err := l.workload(ctx, d, c.model == builtinModel)
	if err != nil {
		return nil, err
	}
	if _, err := l.workload(ctx, p, c.model == builtinModel); err != nil { // warms it up
		return nil, err
	}
	var first [2][]float64 // p95 of the first token, in milliseconds
	var clients []loadgen.Client
	side := func(i int, t loadgen.Target) arm {
		return func(ctx context.Context) (float64, error) {
			if i == 0 { // the other side gets the same
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
	got, err := l.rounds(ctx, side(0, d), side(1, p))
	if err != nil {
		return nil, err
	}
	late := make([]float64, len(got))
	for i := range late {
		late[i] = first[0][i] / first[1][i]
	}
	note := figure(loadgen.Median(first[0]), "ms") + " against " + figure(loadgen.Median(first[1]), "ms")
	return []Result{
		l.compare(got, 0, 1, "tokens/s", Result{Case: c.name, Target: c.target}),
		l.judge(got, late, Result{Case: c.name + ", first token p95", Unit: "×", Target: atMost(1), Note: note}),
	}, nil
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
