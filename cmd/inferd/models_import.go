package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
)

type importOptions struct {
	name    string
	sha256  string
	license string
	replace bool
}

func newModelsImportCommand(p *program) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring a GGUF file into the store; the file itself is not touched",
		Long: `Check a GGUF file and bring it into the store. Where the file system can, the bytes
are shared with the file; else they are copied. They are hashed in any case.`,
		Example: `  inferd models import ~/Downloads/llama-3.2-1b-q8_0.gguf
  inferd models import model.gguf --name chat --expect-sha256 9f86d081…`,
		Args: oneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runModelsImport(ctx, p, args[0], o)
			})
		},
	}
	cmd.Flags().StringVar(&o.name, "name", "", "`NAME` in the store, 1 to 128 of A-Za-z0-9._-; default the file's")
	cmd.Flags().StringVar(&o.sha256, "expect-sha256", "", "refuse the file unless it has this `DIGEST`, 64 hexadecimal digits")
	cmd.Flags().StringVar(&o.license, "license", "", "SPDX `ID` of the model's licence, for the manifest")
	cmd.Flags().BoolVar(&o.replace, "replace", false, "let a name that is there stand for this file")
	return cmd
}

func runModelsImport(ctx context.Context, p *program, path string, o importOptions) error {
	name, opts, err := o.check(path)
	if err != nil {
		return err
	}
	if err := checkGGUF(path); err != nil {
		return err
	}
	src, err := store.OpenSource(path)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	line := &progress{out: p.stderr}
	defer line.clear()
	s, err := p.openStore(store.Listener{Waiting: func(w store.Waiting) {
		fmt.Fprintln(p.stderr, oneLine(waitingFor(w)))
	}})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	opts.Progress = line.bytes("import")
	in, err := s.Import(ctx, src, name, opts)
	line.clear()
	if is[*store.ExistsError](err) {
		return &failure{err: err, hint: "--replace lets the name stand for the new file, --name chooses another", code: exitFailure}
	}
	if is[*store.MismatchError](err) {
		return &failure{err: err, hint: "it is another file than the digest is of: get it again, or correct --expect-sha256", code: exitFailure}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s is %s (%s, %s)\n", name, in.Manifest.Blob, sizeOf(in.Manifest.Size), in.Method)
	return err
}

// check turns the flags into what the store takes.
func (o importOptions) check(path string) (name store.Name, opts store.ImportOptions, err error) {
	opts = store.ImportOptions{License: o.license, Replace: o.replace, Origin: store.Origin{Filename: filepath.Base(path)}}
	if o.name != "" {
		name, err = modelName(o.name)
	} else {
		name, err = store.SuggestName(strings.TrimSuffix(filepath.Base(path), ".gguf"))
		if err != nil {
			err = usageError("choose one with --name", "%w", err)
		}
	}
	if err == nil && o.sha256 != "" {
		if opts.Expect, err = store.ParseDigest(o.sha256); err != nil {
			err = usageError("it is what sha256sum prints", "--expect-sha256: %w", err)
		}
	}
	return name, opts, err
}

// checkGGUF refuses a file that no engine should see: bringing it in would
// only put the refusal off.
func checkGGUF(path string) error {
	f, size, err := openRegular(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	g, err := gguf.Open(f, size)
	if err == nil {
		err = g.Check()
	}
	if err != nil {
		return &failure{err: fmt.Errorf("%s: %w", path, err), hint: "get the file again; models are in GGUF, version 2 or 3", code: exitEngine}
	}
	if err := gguf.CheckParts([]*gguf.File{g}); err != nil {
		return &failure{err: fmt.Errorf("%s: %w", path, err), code: exitEngine,
			hint: "name the path of part 1 in the config, with the others beside it; `inferd pull` fetches all parts from a hub"}
	}
	return nil
}
