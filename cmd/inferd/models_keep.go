package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/store"
)

func newModelsRemoveCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "rm NAME",
		Short: "Remove a name, and its file where nothing else needs it",
		Args:  oneArg("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := modelName(args[0])
			if err != nil {
				return err
			}
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runModelsRemove(ctx, p, name)
			})
		},
	}
}

func runModelsRemove(ctx context.Context, p *program, name store.Name) error {
	return withStore(p, func(s *store.Store) error {
		r, err := s.Remove(ctx, name)
		if err != nil {
			return noSuchModel(err)
		}
		if r.Kept != "" {
			_, err = fmt.Fprintf(p.stdout, "%s is removed; its file stays: %s\n", name, r.Kept)
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s is removed, %s are free\n", name, sizeOf(r.Freed))
		return err
	})
}

func newModelsVerifyCommand(p *program) *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:   "verify [NAME]",
		Short: "Hash the models and compare with what they should be",
		Long: `Hash one model, or all of them, and compare with their digests. With --repair, what
is corrupt is put into quarantine, so that nothing loads it. Exit status is 1 where
anything is not as it should be.`,
		Args: atMostOneArg("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runModelsVerify(ctx, p, args, repair)
			})
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "put corrupt files into quarantine, and correct wrong sizes")
	return cmd
}

func runModelsVerify(ctx context.Context, p *program, args []string, repair bool) error {
	return withStore(p, func(s *store.Store) error {
		line := &progress{out: p.stderr}
		defer line.clear()
		report := line.bytes("verify")
		o := store.VerifyOptions{Repair: repair, Progress: func(_ store.Digest, done, total int64) { report(done, total) }}
		checks, err := verify(ctx, s, args, o)
		line.clear()
		if err != nil {
			return err
		}
		bad := 0
		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, c := range checks {
			note := ""
			switch {
			case c.QuarantinePath != "":
				note = "put into " + c.QuarantinePath
			case c.Corrected:
				note = "corrected"
			case c.Err != nil:
				note = c.Err.Error()
			}
			if c.State != store.CheckGood && !c.Corrected {
				bad++
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", oneLine(fmt.Sprint(c.Names)), c.Blob, c.State, oneLine(note))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if bad > 0 {
			return &failure{err: fmt.Errorf("%d of %d models are not as they should be", bad, len(checks)),
				hint: "--repair puts corrupt files aside; then bring them in again", code: exitFailure}
		}
		return nil
	})
}

func verify(ctx context.Context, s *store.Store, args []string, o store.VerifyOptions) ([]store.Check, error) {
	if len(args) == 0 {
		return s.VerifyAll(ctx, o)
	}
	name, err := modelName(args[0])
	if err != nil {
		return nil, err
	}
	c, err := s.Verify(ctx, name, o)
	if err != nil {
		return nil, noSuchModel(err)
	}
	return []store.Check{c}, nil
}

func newModelsGCCommand(p *program) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove what no model needs: unreferenced files, stale partials, old quarantine",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return withStore(p, func(s *store.Store) error { return runModelsGC(ctx, p, s, dry) })
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be removed")
	return cmd
}

func runModelsGC(ctx context.Context, p *program, s *store.Store, dry bool) error {
	c, err := s.GC(ctx, dry)
	if err != nil {
		return err
	}
	for _, g := range c.Garbage {
		note := "removed"
		switch {
		case g.Kept != "":
			note = "kept: " + g.Kept
		case dry:
			note = "would be removed"
		}
		fmt.Fprintf(p.stdout, "%-10s  %9s  %s  %s\n", g.Kind, sizeOf(g.Size), g.Path, note)
	}
	for _, e := range c.Unread {
		fmt.Fprintf(p.stderr, "not read, so no file was removed: %s\n", oneLine(e.Error()))
	}
	verb := "are free"
	if dry {
		verb = "would be free"
	}
	_, err = fmt.Fprintf(p.stdout, "%s %s\n", sizeOf(c.Freed), verb)
	return err
}

// withStore runs f with the store open, and says whom it waits for.
func withStore(p *program, f func(*store.Store) error) error {
	s, err := p.openStore(store.Listener{Waiting: func(w store.Waiting) { fmt.Fprintln(p.stderr, oneLine(waitingFor(w))) }})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return f(s)
}

// openRegular opens a file for reading, and nothing but a file: a fifo would
// wait for ever.
func openRegular(path string) (*os.File, int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !st.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "import", Path: path, Err: fmt.Errorf("not a regular file")}
	}
	f, err := os.Open(path)
	return f, st.Size(), err
}
