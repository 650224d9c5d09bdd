// Command bench measures what the project promises about speed: it runs the
// rows of its table side by side with a yardstick in one run, and writes
// RESULTS.md and results.json. docs/BENCHMARKS.md says what each row measures,
// how, and what it can't tell.
//
// It starts the daemons that it measures itself, each in a directory of its
// own, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := command(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	// A daemon starts this program in the place of its worker: see worker.go.
	if len(args) == 1 && args[0] == workerCommand {
		return runWorker()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdout, os.Stderr)
}

// options are the flags.
type options struct {
	rows    string
	list    bool
	quick   bool
	threads int
	limit   time.Duration
	out     string
	places  places
}

// places are where things are.
type places struct{ inferd, engine, builtin, peer, cache string }

func (o *options) register(f *flag.FlagSet) {
	f.StringVar(&o.rows, "rows", "", "run only these `ROWS`, such as S1,S5")
	f.BoolVar(&o.list, "list", false, "list the rows and end")
	f.BoolVar(&o.quick, "quick", false, "three samples instead of five, and shorter ones: about 10 minutes")
	f.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads that compute, in daemon, yardstick and peer")
	f.DurationVar(&o.limit, "limit", 0, "end after so long at the latest; 0 is 40 minutes, or 15 with -quick")
	f.StringVar(&o.out, "out", "bench", "`DIR` of RESULTS.md and results.json")
	f.StringVar(&o.places.inferd, "inferd", "build/inferd", "the daemon's `PROGRAM`; inferd-engine is beside it")
	f.StringVar(&o.places.engine, "engine", "build/engine", "`DIR` with the installed engine library")
	f.StringVar(&o.places.builtin, "builtin", "model/inferd-demo-q8_0.gguf", "`FILE` of the built-in model, for the peer")
	f.StringVar(&o.places.peer, "peer", ".cache/peer/bin/llama-server", "the peer's `PROGRAM`, from make peer")
	f.StringVar(&o.places.cache, "cache", ".cache/bench", "`DIR` in which the benchmark model is kept")
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	o.register(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(o.rows)
	if err != nil || f.NArg() > 0 {
		return errors.Join(err, unexpected(f.Args()))
	}
	if o.list {
		for _, r := range chosen {
			fmt.Fprintf(stdout, "%-4s %s\n", r.id, r.what)
		}
		return nil
	}
	if o.limit == 0 {
		if o.limit = 40 * time.Minute; o.quick {
			o.limit = 15 * time.Minute
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, fmt.Errorf("the time is over (-limit %s)", o.limit))
	defer cancel()
	l, err := newLab(o, stderr)
	if err != nil {
		return err
	}
	book, err := openBook(o.out)
	if err != nil {
		return err
	}
	book.Runs = append(book.Runs, l.describe(ctx, args))
	failed := l.runRows(ctx, chosen, book)
	if err := book.table(stdout, rowIDs(chosen)); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("these rows could not be measured: %s", strings.Join(failed, ", "))
	}
	return nil
}

func unexpected(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected argument %q", args[0])
}

// choose returns the rows of a list such as "S1,S5", in the table's order;
// an empty list is all.
func choose(list string) ([]row, error) {
	if list == "" {
		return rows, nil
	}
	wanted := strings.Split(strings.ToUpper(list), ",")
	var chosen []row
	for _, r := range rows {
		if slices.Contains(wanted, r.id) {
			chosen = append(chosen, r)
		}
	}
	for _, id := range wanted {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.id == id }) {
			return nil, fmt.Errorf("there is no row %q; the rows are %s", id, strings.Join(rowIDs(rows), ", "))
		}
	}
	return chosen, nil
}

func rowIDs(list []row) []string {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.id
	}
	return ids
}

// runRows runs the rows and writes the results after each. It returns the rows
// that could not be measured. Where the run is broken off, the row that it
// breaks off and those after it keep what was seen of them before.
func (l *lab) runRows(ctx context.Context, chosen []row, book *book) (failed []string) {
	for i, r := range chosen {
		l.say("%s: %s", r.id, r.what)
		results, err := r.run(ctx, l)
		if ctx.Err() != nil {
			l.say("%s: %v", r.id, context.Cause(ctx))
			return append(failed, rowIDs(chosen[i:])...)
		}
		var why skipped
		switch {
		case errors.As(err, &why):
			results = append(results, Result{Seen: unknown, Verdict: notRun, Note: string(why)})
		case err != nil:
			failed = append(failed, r.id)
			l.say("%s: %v", r.id, err)
			results = append(results, Result{Seen: unknown, Verdict: notRun, Note: err.Error()})
		}
		book.put(r, results)
		if err := book.write(); err != nil {
			failed = append(failed, r.id)
			l.say("%s: %v", r.id, err)
		}
		for _, result := range results {
			l.say("   %s", result.line())
		}
	}
	return failed
}

// skipped is the reason for which a row is left out.
type skipped string

func (s skipped) Error() string { return string(s) }
