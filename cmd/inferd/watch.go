package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

func newWatchCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "watch",
		GroupID: groupDaemon,
		Short:   "Follow what happens to the running daemon",
		Long: `Print the state of the running daemon and then every change of it, one line
each, until the daemon is gone. On a terminal, downloading and loading a model are
a progress bar.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runWatch(ctx, p, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the frames as they come, one JSON object a line")
	return cmd
}

func runWatch(ctx context.Context, p *program, asJSON bool) error {
	line := &progress{out: p.stdout}
	defer line.clear()
	for event, err := range client.Watch(ctx, "") {
		if err != nil {
			return err
		}
		if err := p.printEvent(line, event, asJSON); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) printEvent(line *progress, event wire.AdminEvent, asJSON bool) error {
	if asJSON {
		_, err := p.stdout.Write(event.Append(nil))
		return err
	}
	if _, ok := fraction(event); ok && p.stdout.terminal {
		line.event(event)
		return nil
	}
	line.clear()
	_, err := fmt.Fprintf(p.stdout, "%s  %s\n", time.Now().Format(time.TimeOnly), oneLine(describe(event)))
	return err
}
