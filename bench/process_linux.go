package main

import "syscall"

// bound ties a process to this one. A group of its own keeps a Ctrl-C from it:
// it is stopped in order.
func bound() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
