package engine

import (
	"os"
	"syscall"
)

// sysProcAttr makes the kernel kill the worker when the daemon dies, and keeps
// the terminal's signals from it: only the daemon ends it.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func bind(*os.Process) {}
