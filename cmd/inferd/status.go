package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// askTimeout bounds a question to a daemon that should answer at once.
const askTimeout = 10 * time.Second

func newStatusCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		GroupID: groupDaemon,
		Short:   "Show how the running daemon is",
		Long: `Show the state of the running daemon, its sockets, its backends and its queue.
The exit code is 1 where none is running.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), askTimeout, func(ctx context.Context) error {
				return runStatus(ctx, p, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func runStatus(ctx context.Context, p *program, asJSON bool) error {
	s, err := client.Status(ctx, "")
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(s)
	}
	return printStatus(p.stdout, s)
}

func printStatus(w io.Writer, s *wire.ControlStatus) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	up := time.Duration(s.UptimeSeconds * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(t, "state\t%s\n", oneLine(stateOf(s)))
	fmt.Fprintf(t, "daemon\tinferd %s, pid %d, up %s\n", oneLine(s.Version), s.PID, up)
	q := s.Queue
	fmt.Fprintf(t, "queue\t%d of %d running, %d of %d waiting; %d admitted, %d refused\n",
		q.Active, q.ActiveLimit, q.Waiting, q.WaitLimit, q.Admitted, q.Refused)
	for i, path := range s.Sockets {
		label := ""
		if i == 0 {
			label = "sockets"
		}
		fmt.Fprintf(t, "%s\t%s\n", label, oneLine(path))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "BACKEND\tREADY\tMODEL\tON\tCONTEXT\tSLOTS\tENGINE\tWORKER\tRESTARTS")
	for _, b := range s.Backends {
		fmt.Fprintln(t, strings.Join(backendRow(b), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, b := range s.Backends {
		if b.Reason != "" {
			fmt.Fprintf(t, "%s answers nothing: %s\n", oneLine(b.Name), oneLine(b.Reason))
		}
	}
	return t.Flush()
}

// stateOf is the state with what is known of it.
func stateOf(s *wire.ControlStatus) string {
	switch {
	case s.Reason != "":
		return s.State + ": " + s.Reason
	case s.Phase != "":
		return s.State + " (" + s.Phase + ")"
	}
	return s.State
}

func backendRow(b wire.BackendStatus) []string {
	ready := "no"
	if b.Ready {
		ready = "yes"
	}
	on := string(b.Accelerator)
	if b.DeviceName != "" {
		on += " (" + b.DeviceName + ")"
	}
	row := []string{
		b.Name, ready, b.Model, on, numberOr(b.NCtx), numberOr(b.Slots), b.Engine, numberOr(b.PID), strconv.Itoa(b.Restarts),
	}
	for i, cell := range row {
		if row[i] = oneLine(cell); cell == "" {
			row[i] = "-"
		}
	}
	return row
}

// numberOr is n, or nothing where it is not known.
func numberOr(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
