package transport

import (
	"fmt"
	"net"
	"unsafe"

	"golang.org/x/sys/windows"
)

const hasUsers = false

// peerOf asks the system which process opened the other end of the pipe.
func peerOf(c net.Conn) (Peer, error) {
	var p Peer
	err := withHandle(c, func(h windows.Handle) error {
		var pid uint32
		if err := windows.GetNamedPipeClientProcessId(h, &pid); err != nil {
			return err
		}
		p = Peer{PID: int(pid), Exe: exeOf(h, pid)}
		return nil
	})
	if err != nil {
		return Peer{}, fmt.Errorf("read the client's process id: %w", err)
	}
	return p, nil
}

// exeOf returns the executable of the client. As long as its end of the pipe
// is open it lives, and its pid is no other's; so that is asked last.
func exeOf(pipe windows.Handle, pid uint32) string {
	proc, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(proc)
	name := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(name))
	if err := windows.QueryFullProcessImageName(proc, 0, &name[0], &size); err != nil {
		return ""
	}
	if open, err := connected(pipe); err != nil || !open {
		return ""
	}
	return windows.UTF16ToString(name[:size])
}

// Names of the system for what connected asks.
const (
	filePipeLocalInformation = 24
	filePipeConnectedState   = 3
)

// pipeInformation is FILE_PIPE_LOCAL_INFORMATION.
type pipeInformation struct {
	pipeType, configuration         uint32
	maximumInstances, instances     uint32
	inboundQuota, readDataAvailable uint32
	outboundQuota, writeAvailable   uint32
	state, end                      uint32
}

// connected reports whether the client's end of the pipe is open. Unlike a
// peek it says so even while there is data of a closed client to be read.
func connected(pipe windows.Handle) (bool, error) {
	var (
		status windows.IO_STATUS_BLOCK
		info   pipeInformation
	)
	err := windows.NtQueryInformationFile(pipe, &status, (*byte)(unsafe.Pointer(&info)),
		uint32(unsafe.Sizeof(info)), filePipeLocalInformation)
	if err != nil {
		return false, fmt.Errorf("read the state of the pipe: %w", err)
	}
	return info.state == filePipeConnectedState, nil
}
