package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/inferd/inferd/internal/loadgen"
)

// prefill is S3.
func prefill(ctx context.Context, l *lab) ([]Result, error) {
	d, w, err := l.serveBench(ctx, settings{slots: 1, threads: l.threads, nCtx: 4096})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	tokens := l.pick(2048, 1024)
	var receipts []float64 // what the receipt says, in tokens a second
	stack := func(ctx context.Context) (float64, error) {
		ms, a, err := firstTokenMS(ctx, d, loadgen.Request{Prompt: w.words(tokens), MaxTokens: 1})
		if err != nil {
			return 0, err
		}
		tokens = a.PromptTokens // the bare engine reads as many
		computed := float64(a.PromptTokens - a.CachedTokens)
		receipts = append(receipts, computed/a.PrefillMS*1000)
		return computed / ms * 1000, nil
	}
	bare := func(ctx context.Context) (float64, error) {
		s, err := l.raw(ctx, rawRun{model: l.model, sequences: 1, prompt: tokens, tokens: 1})
		return s.prefill, err
	}
	got, err := l.rounds(ctx, stack, bare)
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%d tokens; by the time in the receipt %s", tokens, figure(loadgen.Median(receipts), "tokens/s"))
	return []Result{l.compare(got, 0, 1, "tokens/s", Result{Case: onBench, Target: atLeast(0.97), Note: note})}, nil
}

// The prompts of S5 and S6, in tokens: what is shared, and what is new.
const (
	sharedTokens = 1500
	ownTokens    = 16
)

// warmPrefix is S5, with the peer beside it where there is one.
func warmPrefix(ctx context.Context, l *lab) ([]Result, error) {
	model, err := l.benchModel()
	if err != nil {
		return nil, err
	}
	d, err := l.serve(ctx, settings{model: model, slots: 4, threads: l.threads, nCtx: 4096})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	arms, err := l.prefixArms(ctx, d)
	if err != nil {
		return nil, err
	}
	if l.hasPeer() == nil {
		p, err := l.servePeer(ctx, model, 4, 4096)
		if err != nil {
			return nil, err
		}
		defer p.stop()
		more, err := l.prefixArms(ctx, p)
		if err != nil {
			return nil, err
		}
		arms = append(arms, more...)
	}
	got, err := l.rounds(ctx, arms...)
	if err != nil {
		return nil, err
	}
	results := []Result{l.compare(got, 1, 0, "ms", Result{Case: onBench, Target: atMost(1.0 / 20)})}
	if len(arms) > 2 {
		results = append(results, l.compare(got, 3, 2, "ms", Result{Case: onBench + ", llama.cpp's server"}))
	}
	return results, nil
}

// prefixArms are the first token of a prompt that nobody has asked, and that of
// others that begin alike.
func (l *lab) prefixArms(ctx context.Context, t loadgen.Target) ([]arm, error) {
	w, err := l.workload(ctx, t, false)
	if err != nil {
		return nil, err
	}
	prefix := ""
	ask := func(ctx context.Context) (float64, error) {
		ms, _, err := firstTokenMS(ctx, t, loadgen.Request{Prompt: prefix + w.words(ownTokens), MaxTokens: 1})
		return ms, err
	}
	cold := func(ctx context.Context) (float64, error) {
		prefix = w.words(sharedTokens) + " "
		return ask(ctx)
	}
	warm := func(ctx context.Context) (float64, error) {
		var all []float64
		for range 5 {
			ms, err := ask(ctx)
			if err != nil {
				return 0, err
			}
			all = append(all, ms)
		}
		return loadgen.Median(all), nil
	}
	return []arm{cold, warm}, nil
}

// apps is how many have a prefix of their own in S6.
const apps = 12

// manyPrefixes is S6.
func manyPrefixes(ctx context.Context, l *lab) ([]Result, error) {
	// Room for what does not fit in the slots: about 50 KiB a token.
	d, w, err := l.serveBench(ctx, settings{slots: 4, threads: l.threads, nCtx: 2048, cacheMiB: 2048})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	shared := l.pick(sharedTokens, sharedTokens/2)
	prefixes := make([]string, apps)
	cold := make([]float64, apps)
	for i := range prefixes {
		prefixes[i] = w.words(shared) + " "
		cold[i], _, err = firstTokenMS(ctx, d, loadgen.Request{Prompt: prefixes[i] + w.words(ownTokens), MaxTokens: 1})
		if err != nil {
			return nil, err
		}
	}
	var hits []float64
	order := rand.New(rand.NewPCG(1, 1))
	pass := func(ctx context.Context) (float64, error) {
		var first []float64
		cached, could := 0, 0
		for _, i := range order.Perm(apps) {
			ms, a, err := firstTokenMS(ctx, d, loadgen.Request{Prompt: prefixes[i] + w.words(ownTokens), MaxTokens: 1})
			if err != nil {
				return 0, err
			}
			// The app's own words, and what the template puts behind them, were
			// never seen.
			possible := a.PromptTokens - int(1.5*ownTokens+w.scale.Around)
			cached, could = cached+min(a.CachedTokens, possible), could+possible
			first = append(first, ms)
		}
		hits = append(hits, 100*float64(cached)/float64(could))
		return loadgen.Median(first), nil
	}
	got, err := l.rounds(ctx, pass)
	if err != nil {
		return nil, err
	}
	before := loadgen.Median(cold)
	shares := column(got, 0)
	note := fmt.Sprintf("%s against %s; prefixes of %d tokens", figure(middle(got, 0), "ms"), figure(before, "ms"), shared)
	for i := range shares {
		shares[i] /= before
	}
	return []Result{
		l.judge(got, shares, Result{Case: "first token against cold", Unit: "×", Target: atMost(1.0 / 8), Note: note}),
		l.judge(got, hits, Result{Case: "hit rate", Unit: "%", Target: atLeast(95), Note: "share of the prefixes' tokens that were not computed"}),
	}, nil
}
