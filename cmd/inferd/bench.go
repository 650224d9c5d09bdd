package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/loadgen"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	plan  loadgen.Plan
	mix   string
	url   string
	model string
	json  bool
}

func newBenchCommand(p *program) *cobra.Command {
	o := &benchOptions{}
	cmd := &cobra.Command{
		Use:     "bench",
		GroupID: groupDaemon,
		Short:   "Measure how fast the running daemon answers",
		Long: `Ask the running daemon many made-up questions at once and print what clients saw:
the time to the first token, the gaps from each piece of an answer to the next,
and the tokens a second, in all and of a single answer. The answers are greedy,
and the questions are the same for the same seed.

With --url it is another server on this machine that is measured, one that
answers chat completions of the OpenAI dialect as a stream over HTTP.

Other work on the machine changes the figures: compare what was measured side by
side.`,
		Example: `  inferd bench --clients 8
  inferd bench --clients 16 --shared-prefix 1500 --prompt-tokens 1600 --max-tokens 32
  inferd bench --mix 3:1 --duration 1m --requests 1000 --json
  inferd bench --url http://127.0.0.1:8080`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error { return runBench(ctx, p, o) })
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.plan.Clients, "clients", 4, "`N` clients ask at once, 1 to 1024")
	f.IntVar(&o.plan.Requests, "requests", 4, "each asks `N` times, one after the other")
	f.IntVar(&o.plan.PromptTokens, "prompt-tokens", 64, "a prompt has about `N` tokens")
	f.IntVar(&o.plan.MaxTokens, "max-tokens", 64, "an answer has at most `N` tokens")
	f.IntVar(&o.plan.SharedPrefix, "shared-prefix", 0, "all prompts begin with the same `N` tokens, of those that they have")
	f.StringVar(&o.mix, "mix", "1:0", "`RATIO` of interactive to batch clients; batch ones ask and get four times as much")
	f.Var(durationValue{&o.plan.Duration}, "duration", "nobody asks any more after so long; 0, the default, is no limit")
	f.Uint64Var(&o.plan.Seed, "seed", 1, "`N` from which the prompts are made")
	f.StringVar(&o.url, "url", "", "measure the server at this `URL` instead of the daemon")
	f.StringVar(&o.model, "model", "default", "`NAME` of the model to ask for, with --url")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func runBench(ctx context.Context, p *program, o *benchOptions) error {
	target, err := o.prepare()
	if err != nil {
		return &failure{err: err, hint: "`inferd bench --help` lists what is allowed", code: exitUsage}
	}
	scale, err := scaleOf(ctx, target)
	if err != nil {
		return answerError(err)
	}
	traces, err := loadgen.Run(ctx, target, o.plan.Load(scale))
	if err != nil {
		return answerError(err)
	}
	report := loadgen.Summarize(traces)
	if o.json {
		err = p.printJSON(report)
	} else {
		err = p.printReport(&report)
	}
	if err == nil && report.Errors > 0 {
		err = fmt.Errorf("%d of %d requests failed: %s", report.Errors, report.Errors+report.Requests, report.FirstError)
	}
	return err
}

// prepare checks the flags and finds whom to measure.
func (o *benchOptions) prepare() (loadgen.Target, error) {
	var err error
	if o.plan.Interactive, o.plan.Batch, err = parseMix(o.mix); err != nil {
		return nil, err
	}
	if err := o.plan.Validate(); err != nil {
		return nil, err
	}
	if o.url != "" {
		return loadgen.NewOpenAI(o.url, o.model)
	}
	return loadgen.Daemon{}, nil
}

var errMix = errors.New("--mix: it must be two whole numbers like 3:1, not both 0")

// parseMix reads a ratio such as 3:1.
func parseMix(text string) (interactive, batch int, err error) {
	left, right, ok := strings.Cut(text, ":")
	interactive, errLeft := strconv.Atoi(left)
	batch, errRight := strconv.Atoi(right)
	if !ok || cmp.Or(errLeft, errRight) != nil || interactive < 0 || batch < 0 || interactive+batch < 1 {
		return 0, 0, errMix
	}
	return interactive, batch, nil
}

// scaleOf finds out how long a prompt has to be to have so many tokens.
func scaleOf(ctx context.Context, target loadgen.Target) (loadgen.Scale, error) {
	s, err := target.Connect(ctx)
	if err != nil {
		return loadgen.Scale{}, err
	}
	scale, err := loadgen.Measure(ctx, s)
	return scale, errors.Join(err, s.Close())
}

// printReport prints a report for people.
func (p *program) printReport(r *loadgen.Report) error {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "requests\t%d answered, %d failed, of %d clients in %s\n",
		r.Requests, r.Errors, r.Clients, time.Duration(r.Seconds*float64(time.Second)).Round(time.Millisecond))
	fmt.Fprintf(t, "tokens\t%d of prompts (%d cached), %d of answers", r.PromptTokens, r.CachedTokens, r.CompletionTokens)
	if r.DraftedTokens > 0 {
		fmt.Fprintf(t, " (%d of %d guesses held)", r.AcceptedTokens, r.DraftedTokens)
	}
	fmt.Fprintf(t, "\ntokens/s\t%.1f in all, %.1f of a single answer\n\n", r.TokensPerSecond, r.PerClient)
	fmt.Fprintln(t, "MILLISECONDS\tP50\tP95\tP99\tMAX")
	printSpreads(t, "", r)
	for i := range r.Classes {
		c := &r.Classes[i]
		printSpreads(t, c.Class+" ", &c.Report)
	}
	return t.Flush()
}

func printSpreads(t *tabwriter.Writer, of string, r *loadgen.Report) {
	for _, line := range []struct {
		what string
		s    loadgen.Spread
	}{{"first token", r.FirstToken}, {"gap", r.Gap}} {
		fmt.Fprintf(t, "%s%s\t%.1f\t%.1f\t%.1f\t%.1f\n", of, line.what, line.s.P50, line.s.P95, line.s.P99, line.s.Max)
	}
}
