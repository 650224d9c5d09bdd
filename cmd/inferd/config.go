package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/config"
)

func newConfigCommand(p *program) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: groupSetup,
		Short:   "Write, check and show the config",
		Long: `Write, check and show the config: what a daemon that is started here and now would
run with. docs/CONFIGURATION.md lists every key.`,
		Example: `  inferd config init
  inferd config check
  inferd config show`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigInitCommand(p), newConfigCheckCommand(p), newConfigShowCommand(p))
	return cmd
}

// configFlag is the file that a command of config is about.
func configFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("config", "", "config `FILE`; default: what INFERD_CONFIG names, else ~/.inferd/config.json")
}

func newConfigInitCommand(p *program) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a config file with every key, in comments",
		Long: `Write a config file that has every key in comments, with its default: as it is, it
changes nothing. A file that is there is left alone, unless --force says otherwise.`,
		Args: noArgs,
	}
	path := configFlag(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace the file that is there")
	cmd.RunE = func(*cobra.Command, []string) error {
		file, _ := p.sources(*path, config.Flags{}).Location()
		if file == "" {
			return usageError("name the file with --config", "there is no home directory for a config file")
		}
		switch err := config.Init(file, force); {
		case errors.Is(err, config.ErrExists):
			return &failure{err: fmt.Errorf("write %s: %w", file, err), hint: "--force replaces it; `inferd config check` checks it"}
		case err != nil:
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "wrote %s\n", oneLine(file))
		return err
	}
	return cmd
}

func newConfigCheckCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Look for mistakes, all of them at once",
		Long: `Look for mistakes in a config file, or in all that a daemon would be started with:
file and environment. Exit code 2 where there are any. What is right, but not built
yet, is said and is no mistake; a daemon would not start with it.`,
		Args: atMostOneArg("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			src := p.sources("", config.Flags{})
			if len(args) == 1 {
				// The file alone: the environment is not its fault.
				src = config.Sources{Path: args[0], Explicit: true, Getenv: func(string) string { return "" }}
			}
			return runConfigCheck(p, src)
		},
	}
}

func runConfigCheck(p *program, src config.Sources) error {
	cfg, err := config.Load(src)
	if err != nil {
		return err
	}
	what := cfg.File
	if what == "" {
		what = "config"
	}
	if _, err := fmt.Fprintf(p.stdout, "%s: no mistakes\n", oneLine(what)); err != nil {
		return err
	}
	if err := cfg.Unbuilt(); err != nil {
		for _, line := range visibleLines(err.Error()) {
			fmt.Fprintf(p.stdout, "note: %s\n", line)
		}
	}
	return nil
}

// shownConfig is what `config show --json` prints.
type shownConfig struct {
	File   string         `json:"file"`
	Values []config.Entry `json:"values"`
}

func newConfigShowCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print every value, and where it is from",
		Long: `Print every value that a daemon which is started here and now would run with, and
where it is from: its default, a line of the file, or an environment variable. Keys
and tokens are not among them: the config only names the variables that hold them.`,
		Args: noArgs,
	}
	path := configFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(*cobra.Command, []string) error {
		cfg, err := p.config(*path, config.Flags{})
		if err != nil {
			return err
		}
		if asJSON {
			return p.printJSON(shownConfig{File: cfg.File, Values: cfg.Entries()})
		}
		return p.printEntries(cfg.Entries())
	}
	return cmd
}

func (p *program) printEntries(entries []config.Entry) error {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tVALUE\tFROM")
	for _, e := range entries {
		value, err := json.Marshal(e.Value)
		if err != nil {
			return fmt.Errorf("show %s: %w", e.Key, err)
		}
		if s, ok := e.Value.(string); ok && s == "" {
			value = []byte("-")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.Key, oneLine(string(value)), oneLine(e.Origin.String()))
	}
	return t.Flush()
}
