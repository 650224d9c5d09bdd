package main

import (
	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/daemon"
)

// The exit codes. The daemon decides its own, so they are defined there.
const (
	exitClean   = daemon.ExitClean
	exitFailure = daemon.ExitFailure
	exitUsage   = daemon.ExitConfig
	exitRunning = daemon.ExitRunning
	exitEngine  = daemon.ExitEngine
	// exitSignal is added to the number of the signal that ended a command.
	exitSignal = 128
)

const exitCodes = `  0    it did what it was asked
  1    it could not: the message says why
  2    a mistake in the command line or in the config
  3    another daemon is running already
  4    the engine or the model can't be used
  128  and more: ended by a signal; 130 is Ctrl-C`

// newExitCodesTopic is a page of the help, not a command.
func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long:  "Every command ends with one of these exit codes:\n\n" + exitCodes,
	}
}
