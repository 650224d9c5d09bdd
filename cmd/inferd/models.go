package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
)

func newModelsCommand(p *program) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "models",
		GroupID: groupSetup,
		Short:   "List the models in the store, bring one in, check them",
		Long: `Models are kept under their digest, in a store that other tools can share:
$MODELS_HOME, or models in your data directory. Without a subcommand, the models
are listed. A model that is there can be named in the config, or to serve:

  inferd models import llama.gguf
  inferd serve --model llama`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return runModelsList(cmd.Context(), p) },
	}
	cmd.AddCommand(newModelsShowCommand(p), newModelsImportCommand(p), newModelsAdoptCommand(p), newModelsRemoveCommand(p),
		newModelsVerifyCommand(p), newModelsGCCommand(p), newModelsPlanCommand(p))
	return cmd
}

// openStore opens the store that a daemon started here and now would use.
func (p *program) openStore(l store.Listener) (*store.Store, error) {
	root, err := p.modelsRoot()
	if err != nil {
		return nil, err
	}
	return store.Open(root, store.Options{ProducedBy: "inferd/" + buildVersion(), Listener: l})
}

// modelsRoot is the folder of that store.
func (p *program) modelsRoot() (string, error) {
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return "", err
	}
	return store.DefaultRoot(cfg.ModelsHome, p.getenv, runtime.GOOS)
}

func runModelsList(ctx context.Context, p *program) error {
	s, err := p.openStore(store.Listener{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	entries, err := s.List()
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		_, err = fmt.Fprintf(p.stdout, "no models in %s; the built-in one needs none\n", s.Root())
		return err
	}
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSIZE\tMODEL\tSTATE\tFROM")
	for _, e := range entries {
		state, about := string(e.State), ""
		if e.Err != nil {
			state = e.Err.Error()
		}
		if e.State == store.BlobPresent {
			about = aboutModel(ctx, s, e.Manifest)
			if used, err := s.InUse(e.Manifest.Blob); err == nil && used {
				state = "in use"
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", e.Name, sizeOf(e.Manifest.TotalSize()), oneLine(about), oneLine(state), oneLine(from(e.Manifest.Origin)))
	}
	return t.Flush()
}

// from says where a model is from: a URL, or who had it and under which name.
func from(o store.Origin) string {
	switch {
	case strings.Contains(o.Repo, "://"):
		return o.Repo
	case o.Registry+o.Repo != "":
		return strings.TrimSpace(o.Registry + " " + o.Repo)
	}
	return o.Filename
}

// aboutModel says what is in a model's file: for a list, so what can't be read
// is left for show and verify to explain.
func aboutModel(ctx context.Context, s *store.Store, m store.Manifest) string {
	b, err := s.Blob(ctx, m.Blob)
	if err != nil {
		return ""
	}
	defer func() { _ = b.Close() }()
	g, err := gguf.Open(b.File(), b.Size)
	if err != nil {
		return "not a usable GGUF file"
	}
	return fmt.Sprintf("%s, %.1f M parameters, %s, context %d", g.Architecture(), float64(g.Parameters())/1e6, g.Quantization(), g.ContextLength())
}

func newModelsShowCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show what a name stands for",
		Args:  oneArg("NAME"),
		RunE:  func(cmd *cobra.Command, args []string) error { return runModelsShow(cmd.Context(), p, args[0]) },
	}
}

func runModelsShow(ctx context.Context, p *program, text string) error {
	name, err := modelName(text)
	if err != nil {
		return err
	}
	s, err := p.openStore(store.Listener{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	e, err := s.Get(name)
	if err != nil {
		return noSuchModel(err)
	}
	m := e.Manifest
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"name", m.Name.String()}, {"digest", m.Blob.String()}, {"size", sizeOf(m.TotalSize())},
		{"state", string(e.State)}, {"file", e.Path}, {"format", m.Format}, {"license", m.License},
		{"registry", m.Origin.Registry}, {"repository", m.Origin.Repo}, {"revision", m.Origin.Revision},
		{"filename", m.Origin.Filename}, {"written by", m.ProducedBy}, {"written at", m.ProducedAt},
		{"same file as", m.SharedWith}, {"model", aboutModel(ctx, s, m)},
	} {
		if row[1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", row[0], oneLine(row[1]))
		}
	}
	return t.Flush()
}

// modelName checks a name from the command line.
func modelName(text string) (store.Name, error) {
	name, err := store.ParseName(text)
	if err != nil {
		return name, usageError("`inferd models` lists the names that are there", "%w", err)
	}
	return name, nil
}

// noSuchModel says what to do where a name is not there. Other errors are left
// as they are.
func noSuchModel(err error) error {
	if !errors.Is(err, store.ErrNoModel) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &failure{err: err, hint: "`inferd models` lists the names that are there", code: exitFailure}
}
