package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/adopt"
)

func newModelsAdoptCommand(p *program) *cobra.Command {
	var all, replace bool
	cmd := &cobra.Command{
		Use:   "adopt [NAME]…",
		Short: "Share models that Ollama, Hugging Face, LM Studio, Docker or llama.cpp have here",
		Long: `Without a name, list the GGUF models that other tools keep on this machine. With
names from that list, bring those into the store: shared with the other tool's file
where the file system can do that, else as a hard link, else copied. The other tool's
file is not touched.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runModelsAdopt(ctx, p, args, all, replace)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "bring in every model of the list")
	cmd.Flags().BoolVar(&replace, "replace", false, "let a name that is there stand for the other tool's model")
	return cmd
}

func runModelsAdopt(ctx context.Context, p *program, names []string, all, replace bool) error {
	found, err := adopt.Find(ctx, adopt.Places(p.getenv, runtime.GOOS))
	if err != nil {
		fmt.Fprintf(p.stderr, "not all could be read: %s\n", oneLine(err.Error()))
	}
	if len(names) == 0 && !all {
		return listCandidates(p, found)
	}
	chosen := found
	if !all {
		if chosen, err = choose(found, names); err != nil {
			return err
		}
	}
	return withStore(p, func(s *store.Store) error {
		var saved int64
		var failed []error
		for _, c := range chosen {
			n, err := adoptOne(ctx, p, s, c, replace)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			saved += n
			failed = append(failed, err)
		}
		fmt.Fprintf(p.stdout, "%s did not have to be held twice\n", sizeOf(saved))
		return errors.Join(failed...)
	})
}

func listCandidates(p *program, found []adopt.Candidate) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(p.stdout, "no other tool's models were found")
		return err
	}
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSIZE\tTOOL\tWHAT IT IS THERE")
	for _, c := range found {
		label := c.Label
		switch {
		case c.Projector:
			label += " (takes images for another model)"
		case c.Parts > 1:
			label += fmt.Sprintf(" (part %d of %d)", c.Part, c.Parts)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Name, sizeOf(c.Size), c.Tool, oneLine(label))
	}
	return t.Flush()
}

func choose(found []adopt.Candidate, names []string) ([]adopt.Candidate, error) {
	byName := make(map[string]adopt.Candidate, len(found))
	for _, c := range found {
		byName[c.Name.String()] = c
	}
	var chosen []adopt.Candidate
	for _, n := range names {
		c, ok := byName[n]
		if !ok {
			return nil, &failure{err: fmt.Errorf("no other tool has a model that would be named %q", n),
				hint: "`inferd models adopt` lists what was found", code: exitFailure}
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// adoptOne brings in one model and returns how many bytes that saved. A file
// that no engine should see is refused, as import does.
func adoptOne(ctx context.Context, p *program, s *store.Store, c adopt.Candidate, replace bool) (int64, error) {
	if err := checkGGUF(c.Path); err != nil {
		return 0, err
	}
	line := &progress{out: p.stderr}
	in, err := adopt.Adopt(ctx, s, c, c.Name, adopt.Options{Replace: replace, Progress: line.bytes(c.Name.String())})
	line.clear()
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(p.stdout, "%s is %s (%s, %s)\n", c.Name, in.Manifest.Blob, sizeOf(in.Manifest.Size), in.Method)
	return in.Saved, err
}
