package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/inferd/inferd/internal/loadgen"
)

// The two models, as cases of a row.
const (
	onBench   = "benchmark model"
	onBuiltin = "built-in model"
)

// workload makes requests that suit a model.
type workload struct {
	lab     *lab
	builtin bool
	scale   loadgen.Scale
}

// workload finds out how long the prompts for a model have to be, and with that
// warms the server up.
func (l *lab) workload(ctx context.Context, t loadgen.Target, builtin bool) (*workload, error) {
	s, err := t.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	scale, err := loadgen.Measure(ctx, s)
	return &workload{l, builtin, scale}, err
}

// serveBench starts a daemon on the benchmark model, and makes requests for it.
func (l *lab) serveBench(ctx context.Context, s settings) (*daemon, *workload, error) {
	var err error
	if s.model, err = l.benchModel(); err != nil {
		return nil, nil, err
	}
	d, err := l.serve(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	w, err := l.workload(ctx, d, false)
	if err != nil {
		d.stop()
		return nil, nil, err
	}
	return d, w, nil
}

// words is a prompt of about so many tokens that was never asked before.
func (w *workload) words(tokens int) string {
	return loadgen.Words(w.lab.fresh(), w.scale.Words(tokens))
}

// steady is a frequency penalty. The benchmark model's greedy text goes round
// in circles, and whoever guesses ahead is fast at those: that is a figure of
// its own, and has no place in the comparison with the bare engine.
const steady = 1

// question asks for an answer of so many tokens. The built-in model says little
// to random words; it tells a story of about a hundred tokens when it is asked to.
func (w *workload) question(promptTokens, tokens int) loadgen.Request {
	if !w.builtin {
		return loadgen.Request{Prompt: w.words(promptTokens), MaxTokens: tokens, FrequencyPenalty: steady}
	}
	n := int(w.lab.fresh())
	who, with := animals[n%len(animals)], animals[(n/len(animals)+n+1)%len(animals)]
	return loadgen.Request{Prompt: fmt.Sprintf("Write a story about a %s and a %s.", who, with), MaxTokens: tokens}
}

var animals = []string{
	"fox", "dog", "cat", "bear", "duck", "owl", "frog", "lion", "sheep", "goat", "horse", "mouse", "rabbit", "turtle", "penguin",
}

// ask runs one client that asks these, one after the other.
func ask(ctx context.Context, t loadgen.Target, questions ...loadgen.Request) ([]loadgen.Trace, error) {
	return answered(loadgen.Run(ctx, t, []loadgen.Client{asking(questions)}))
}

// askTogether runs a client for each question.
func askTogether(ctx context.Context, t loadgen.Target, questions []loadgen.Request) ([]loadgen.Trace, error) {
	clients := make([]loadgen.Client, len(questions))
	for i := range clients {
		clients[i] = asking(questions[i : i+1])
	}
	return answered(loadgen.Run(ctx, t, clients))
}

func asking(questions []loadgen.Request) loadgen.Client {
	return loadgen.Client{Next: func(i int) (loadgen.Request, bool) {
		if i >= len(questions) {
			return loadgen.Request{}, false
		}
		return questions[i], true
	}}
}

// answered turns a request without an answer into an error: a benchmark must
// not be fast at failing.
func answered(traces []loadgen.Trace, err error) ([]loadgen.Trace, error) {
	for i := range traces {
		if err == nil {
			err = traces[i].Err
		}
		if err == nil && len(traces[i].Pieces) == 0 {
			err = errors.New("an answer came without any text")
		}
	}
	return traces, err
}

// decodeSpeed is how many tokens a second answers run at once they have begun.
func decodeSpeed(traces []loadgen.Trace) float64 {
	tokens, took := 0, time.Duration(0)
	for i := range traces {
		tokens += traces[i].Answer.CompletionTokens - 1
		took += traces[i].Writing()
	}
	if took <= 0 {
		return 0
	}
	return float64(tokens) / took.Seconds()
}

// speedTogether is how many tokens a second all answers run at together, over
// the time in which every one of them runs. Where some had ended before others
// began, all of the time counts.
func speedTogether(traces []loadgen.Trace) float64 {
	first, last := traces[0].Pieces[0], traces[0].Ended
	from, to := first, last
	tokens, pieces := 0, 0
	for i := range traces {
		t := &traces[i]
		first, last = min(first, t.Pieces[0]), max(last, t.Ended)
		from, to = max(from, t.Pieces[0]), min(to, t.Ended)
		tokens += t.Answer.CompletionTokens
		pieces += len(t.Pieces)
	}
	const least = 5 // a shorter part of the time says nothing of the rest
	if to-from < (last-first)/least {
		from, to = first, last
	}
	within := 0
	for i := range traces {
		for _, at := range traces[i].Pieces {
			if at > from && at <= to {
				within++
			}
		}
	}
	if to <= from {
		return 0
	}
	// A piece may be of more than one token.
	return float64(within) * float64(tokens) / float64(pieces) / (to - from).Seconds()
}

// meanTokens are the tokens of an average prompt and answer.
func meanTokens(traces []loadgen.Trace) (prompt, answer int) {
	r := loadgen.Summarize(traces)
	n := max(1, r.Requests)
	return r.PromptTokens / n, r.CompletionTokens / n
}

// drafts says how much of the answers was guessed ahead, if anything.
func drafts(traces []loadgen.Trace) string {
	r := loadgen.Summarize(traces)
	if r.DraftedTokens == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d tokens came from guesses", r.AcceptedTokens, r.CompletionTokens)
}

// firstTokenMS is how long the first token of one request takes.
func firstTokenMS(ctx context.Context, t loadgen.Target, q loadgen.Request) (ms float64, a loadgen.Answer, err error) {
	traces, err := ask(ctx, t, q)
	if err != nil {
		return 0, a, err
	}
	return loadgen.Milliseconds([]time.Duration{traces[0].FirstToken()})[0], traces[0].Answer, nil
}
