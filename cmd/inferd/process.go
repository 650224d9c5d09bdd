package main

import "os/exec"

// alive reports whether a process with that pid is running. One that has ended
// and was not waited for by its parent is not.
func alive(pid int) bool { return pid > 0 && processAlive(pid) }

// detach makes cmd outlive this process: it gets no signals of this terminal.
func detach(cmd *exec.Cmd) { detachProcess(cmd) }
