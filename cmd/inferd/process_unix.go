//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func detachProcess(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// signalable reports whether there is a process with that pid, ended or not.
func signalable(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// terminateSignal asks a daemon to stop in order.
const terminateSignal = syscall.SIGTERM

// ignoreBrokenPipe turns the signal of a reader that is gone into the error of
// a write, so that there is still something left to do about it.
//
// The signal is caught and not ignored: a daemon started from here would
// inherit that.
func ignoreBrokenPipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
