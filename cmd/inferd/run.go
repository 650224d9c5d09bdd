package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// runOptions are the flags of run.
type runOptions struct {
	request promptOptions
	json    bool
	stats   bool
	noStart bool
	oneshot bool
	timeout time.Duration
}

func newRunCommand(p *program) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:     "run [PROMPT]",
		GroupID: groupUse,
		Short:   "Ask the model and print its answer",
		Long: `Send one prompt to the daemon and print the answer while it is generated. The
prompt is the arguments, joined by spaces, or standard input where there are none
or the only one is "-".

Where no daemon is running, one is started in the background; it stops after five
idle minutes. Ctrl-C cancels the request and prints nothing more; the exit code is
130 then.

With --schema, --tool, --think or --image the request goes to a typed surface. A
tool is a JSON object {"name", "description", "input_schema"}; a file holds one or a
list of them. A call of the model is printed as a line of JSON and not run. Thoughts
go to standard error.

On a terminal, control characters in the answer are made visible. A line of
figures follows on standard error there, or with --stats: tokens generated, time to
the first token, tokens a second, and why the answer stopped if not by itself.

Exit codes:
` + exitCodes,
		Example: `  inferd run 'What is the capital of France?'
  inferd run --system 'Answer in one word.' --temperature 0 'Opposite of hot?'
  git diff | inferd run --system 'Summarise this change.' -
  inferd run --tool weather.json 'What is the weather in Paris?'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), o.timeout, func(ctx context.Context) error {
				return runRun(ctx, p, o, args)
			})
		},
	}
	f := cmd.Flags()
	o.request.register(f)
	f.BoolVar(&o.json, "json", false, "print the frames, one JSON object a line, instead of the text")
	f.BoolVar(&o.stats, "stats", false, "print the line of figures where standard error is no terminal, too")
	f.BoolVar(&o.noStart, "no-start", false, "do not start a daemon")
	f.BoolVar(&o.oneshot, "oneshot", false, "stop the daemon afterwards if this command started it")
	f.Var(durationValue{&o.timeout}, "timeout", "give up after so long, start and answer together; 0, the default, is never")
	return cmd
}

func runRun(ctx context.Context, p *program, o *runOptions, args []string) (err error) {
	req, err := o.request.build(p.stdin.until(ctx), args)
	if err != nil {
		return err
	}
	ignoreBrokenPipe()
	start := &starter{program: p, allowed: !o.noStart}
	if o.oneshot {
		// Whatever happens: the daemon must not stay behind.
		defer func() { err = errors.Join(err, start.stop(context.WithoutCancel(ctx))) }()
	}
	c, err := start.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	a := &answer{program: p, json: o.json, stats: o.stats || p.stderr.terminal, begun: time.Now()}
	for frame, err := range req.send(ctx, c) {
		if err := errors.Join(a.print(frame), err); err != nil {
			a.endLine()
			return answerError(err)
		}
	}
	return a.finish()
}

// answerError says whose word an error frame is; other errors stay as they are.
func answerError(err error) error {
	if refusal, ok := errors.AsType[*client.ServerError](err); ok {
		return fmt.Errorf("the daemon answered with an error: %w", refusal)
	}
	return err
}

// stopped are the answers that are not what was asked for.
var stopped = map[wire.StopReason]string{
	wire.StopCancelled: "the daemon cancelled the request: the answer is not complete",
	wire.StopError:     "the backend failed: the answer is not complete",
}
