package main

import (
	"os/exec"
	"syscall"
)

// detachedProcess starts a console program without a console.
const detachedProcess = 0x00000008

func detachProcess(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess,
	}
}

func processAlive(pid int) bool {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer syscall.CloseHandle(h)
	state, err := syscall.WaitForSingleObject(h, 0)
	return err == nil && state == syscall.WAIT_TIMEOUT
}

// terminateSignal can't be sent here; a process is ended instead.
const terminateSignal = syscall.SIGTERM

func ignoreBrokenPipe() {}
