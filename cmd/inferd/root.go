package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// The groups of commands in the help.
const (
	groupUse    = "use"
	groupDaemon = "daemon"
	groupSetup  = "setup"
)

// execute runs the command that args name and returns the exit code.
func (p *program) execute(args []string) int {
	root := newRootCommand(p)
	root.SetArgs(args)
	return p.report(root.ExecuteContext(context.Background()))
}

func newRootCommand(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:   "inferd",
		Short: "One language model, kept warm for every app on this machine",
		Long: `inferd keeps one language model warm, and every app on this machine uses it
through a local socket. Nothing listens on the network.

Ask it something; the daemon starts by itself where none is running:

  inferd run 'What is the capital of France?'

or talk with it:

  inferd chat`,
		DisableFlagsInUseLine: true,
		Args:                  knownCommand,
		SilenceErrors:         true,
		SilenceUsage:          true,
		CompletionOptions:     cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(badFlag)
	root.SetHelpCommand(newHelpCommand())
	root.AddGroup(
		&cobra.Group{ID: groupUse, Title: "Use it:"},
		&cobra.Group{ID: groupDaemon, Title: "The daemon:"},
		&cobra.Group{ID: groupSetup, Title: "What it needs:"},
	)
	root.AddCommand(
		newRunCommand(p), newChatCommand(p), newEmbedCommand(p), newRerankCommand(p),
		newServeCommand(p), newStatusCommand(p), newWatchCommand(p), newReloadCommand(p), newStopCommand(p),
		newDoctorCommand(p), newConfigCommand(p), newEngineCommand(p), newModelsCommand(p), newPullCommand(p), newBenchCommand(p),
		newVersionCommand(p),
		newExitCodesTopic(),
	)
	return root
}

// newHelpCommand is cobra's, but for a topic that is not there: that is an
// error like any other.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command or a topic",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 && !topic.HasParent() {
				return unknown(cmd.Root(), "help topic", args[0])
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// noArgs refuses arguments of commands that take none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &failure{
		err:  fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args[0]),
		hint: seeHelp(cmd),
		code: exitUsage,
	}
}

// oneArg wants exactly one argument.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return &failure{
			err:  fmt.Errorf("%s takes one %s, got %d arguments", cmd.CommandPath(), what, len(args)),
			hint: seeHelp(cmd),
			code: exitUsage,
		}
	}
}

// atMostOneArg wants one argument, or none.
func atMostOneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return oneArg(what)(cmd, args)
	}
}

// knownCommand refuses a word that is no command of cmd.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknown(cmd, "command", args[0])
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("`%s --help` shows what it takes", cmd.CommandPath())
}
