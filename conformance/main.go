// Command conformance checks a running server of the inferd protocol, this one
// or another, by its sockets alone: `go run ./conformance -dir DIR`. It prints a
// line for each rule on each surface, and exits with 1 if one is broken. The
// rules are those of docs/PROTOCOL.md, sections 2 to 9; a model is asked for
// some hundreds of short answers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/inferd/inferd/internal/conformance"
	"github.com/inferd/inferd/internal/transport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	dir       string
	patience  time.Duration
	failures  bool
	small     bool
	mutations conformance.Mutations
}

func (o *options) register(f *flag.FlagSet) error {
	dir, err := transport.DefaultDir()
	f.StringVar(&o.dir, "dir", dir, "the `DIRECTORY` of the sockets")
	f.DurationVar(&o.patience, "patience", conformance.DefaultPatience, "how long to wait for the next frame")
	f.BoolVar(&o.failures, "failures", false, "print only the rules that are broken, and the sums")
	f.BoolVar(&o.small, "small", false, "leave out the rules that take frames of many MiB")
	f.IntVar(&o.mutations.Count, "mutations", 0, "how many damaged requests to send to each surface, beside")
	f.Uint64Var(&o.mutations.Seed, "seed", 1, "what decides the damage")
	return err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	noDir := o.register(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: allowed are flags", flags.Arg(0))
	case o.dir == "":
		return noDir
	case o.patience <= 0 || o.mutations.Count < 0:
		return errors.New("-patience has to be more than 0, -mutations not less")
	}
	return o.check(ctx, stdout)
}

func (o *options) check(ctx context.Context, out io.Writer) error {
	sums := map[conformance.Verdict]int{}
	var printing error
	to := conformance.Options{Dir: o.dir, Patience: o.patience, Small: o.small, Each: func(r conformance.Result) {
		sums[r.Verdict]++
		if r.Verdict == conformance.Fail || !o.failures {
			_, err := fmt.Fprintln(out, r)
			printing = errors.Join(printing, err)
		}
	}}
	if _, err := conformance.Run(ctx, to); err != nil {
		return err
	}
	if o.mutations.Count > 0 {
		if _, err := conformance.Mutate(ctx, to, o.mutations); err != nil {
			return err
		}
	}
	if sums[conformance.Pass]+sums[conformance.Fail] == 0 {
		return fmt.Errorf("no socket in %s accepts: is the server running?", o.dir)
	}
	_, err := fmt.Fprintf(out, "%d passed, %d broken, %d not applicable\n",
		sums[conformance.Pass], sums[conformance.Fail], sums[conformance.NotApplicable])
	if err = errors.Join(printing, err); err == nil && sums[conformance.Fail] > 0 {
		err = fmt.Errorf("%d rules are broken", sums[conformance.Fail])
	}
	return err
}
