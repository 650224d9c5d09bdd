package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/wire"
)

func newReloadCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "reload",
		GroupID: groupDaemon,
		Short:   "Have the running daemon read its config again",
		Long: `Have the running daemon read its config again: the file, its own environment and its
own flags. What can change while it runs does, at once; what needs a restart is said.
A config with a mistake is refused as a whole, with every mistake and exit code 2,
and the old one stays in force. SIGHUP does the same; then the log says how it went.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runReload(ctx, p, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func runReload(ctx context.Context, p *program, asJSON bool) error {
	r, err := client.Reload(ctx, "")
	if err != nil {
		return err
	}
	if asJSON {
		// A program that reads it wants lists, also where they are empty.
		err = p.printJSON(wire.ControlReload{
			Applied:      append([]string{}, r.Applied...),
			NeedsRestart: append([]wire.ReloadPending{}, r.NeedsRestart...),
			Problems:     append([]string{}, r.Problems...),
		})
	} else {
		err = p.printReload(r)
	}
	if err != nil || len(r.Problems) == 0 {
		return err
	}
	return &failure{
		err:  errors.New(strings.Join(r.Problems, "\n")),
		hint: "the daemon goes on as before; correct the config and reload again",
		code: daemon.ExitConfig,
	}
}

// printReload says what became of a reload, but for its problems.
func (p *program) printReload(r *wire.ControlReload) error {
	if len(r.Applied)+len(r.NeedsRestart)+len(r.Problems) == 0 {
		_, err := fmt.Fprintln(p.stdout, "nothing has changed")
		return err
	}
	for _, key := range r.Applied {
		if _, err := fmt.Fprintf(p.stdout, "in force       %s\n", oneLine(key)); err != nil {
			return err
		}
	}
	for _, pending := range r.NeedsRestart {
		if _, err := fmt.Fprintf(p.stdout, "needs restart  %s: %s\n", oneLine(pending.Key), oneLine(pending.Reason)); err != nil {
			return err
		}
	}
	return nil
}
