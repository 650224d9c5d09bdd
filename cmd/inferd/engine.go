package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/engine/library"
)

func newEngineCommand(p *program) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "engine",
		GroupID: groupSetup,
		Short:   "Install the engine library, or show the one that is there",
		Long: `The engine is llama.cpp as prebuilt libraries. Each version of inferd is made for
one package of them per platform, and accepts no other.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEngineInstallCommand(p), newEngineShowCommand(p))
	return cmd
}

func newEngineInstallCommand(p *program) *cobra.Command {
	var o library.Options
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Fetch the engine library, check it and put it in place",
		Long: `Fetch the package that is pinned for this platform with the npm client, check its
integrity, and unpack it into the engine directory in one step. An engine that is
there and whole is kept.`,
		Example: `  inferd engine install
  inferd engine install --from node-llama-cpp-linux-x64-3.22.1.tgz`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runEngineInstall(ctx, p, o)
			})
		},
	}
	cmd.Flags().StringVar(&o.From, "from", "", "use this tarball, a `FILE`, instead of the network")
	cmd.Flags().StringVar(&o.Root, "dir", "", "engine `DIR`; default is where the daemon looks")
	return cmd
}

func newEngineShowCommand(p *program) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show which engine library is wanted, and which one is there",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return runEngineShow(p, dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "engine `DIR`; default is where the daemon looks")
	return cmd
}

func runEngineInstall(ctx context.Context, p *program, o library.Options) error {
	var err error
	if o.Root, err = p.engineDir(o.Root); err != nil {
		return err
	}
	o.Progress = func(line string) { fmt.Fprintln(p.stderr, oneLine(line)) }
	in, err := library.Install(ctx, o)
	if err != nil {
		return asEngine(err)
	}
	_, err = fmt.Fprintf(p.stdout, "llama.cpp %s is installed in %s\n", in.LlamaVersion, in.Dir)
	return err
}

func runEngineShow(p *program, dir string) error {
	root, err := p.engineDir(dir)
	if err != nil {
		return err
	}
	pin, err := library.PinFor(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return asEngine(err)
	}
	fmt.Fprintf(p.stdout, "wanted     llama.cpp %s (%s)\ndirectory  %s\n", pin.LlamaVersion, pin, root)
	in, err := library.Open(root)
	if err == nil {
		err = in.Verify()
	}
	if err != nil {
		return asEngine(err)
	}
	_, err = fmt.Fprintf(p.stdout, "installed  llama.cpp %s, %d files, whole\n", in.LlamaVersion, len(in.Files))
	return err
}

// asEngine gives an error the exit code of the engine, unless it is a signal.
func asEngine(err error) error {
	if is[interrupted](err) {
		return err
	}
	return &failure{err: err, code: exitEngine}
}

var errNoEngineDir = errors.New("there is no place for the engine: HOME is not set")

// engineDir is the directory of the installed engines: the one that was named,
// else the one that a daemon started here and now would use.
func (p *program) engineDir(named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return "", err
	}
	if cfg.EngineDir != "" {
		return cfg.EngineDir, nil
	}
	if root := p.engineRoot(); root != "" {
		return root, nil
	}
	return "", &failure{err: errNoEngineDir, hint: "name a directory with --dir, and set INFERD_ENGINE_DIR to it"}
}
