// Command inferd is the daemon and its command line. `inferd serve` is the
// daemon; every other command is an ordinary client of it, or looks after what
// it needs on disk.
package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	// Before anything else, so that no signal is lost: a daemon that is told to
	// stop while it starts must stop in order.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // by nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	p := &program{
		stdin:      input{os.Stdin, isTerminal(os.Stdin)},
		stdout:     outputTo(os.Stdout),
		stderr:     outputTo(os.Stderr),
		signals:    signals,
		getenv:     os.Getenv,
		executable: os.Executable,
	}
	os.Exit(p.execute(os.Args[1:]))
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// program is what the commands get from their process.
type program struct {
	stdin          input
	stdout, stderr output
	signals        <-chan os.Signal
	getenv         func(string) string
	executable     func() (string, error)
}

type input struct {
	io.Reader
	terminal bool
}

type output struct {
	io.Writer
	terminal bool
	width    int // of the terminal, in characters; 0 is unknown
}

func outputTo(f *os.File) output {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return output{f, isTerminal(f), width}
}
