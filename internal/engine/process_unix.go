//go:build !windows

package engine

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
)

// attach gives the command one end of a socket pair as descriptor 3, and
// returns the other, with what to close once the process has its copy.
func attach(cmd *exec.Cmd) (io.ReadWriteCloser, []*os.File, error) {
	// The lock keeps another start from inheriting the descriptors before
	// they are marked.
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("make the worker's link: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "link"), os.NewFile(uintptr(fds[1]), "link")
	conn, err := net.FileConn(ours)
	_ = ours.Close()
	if err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("make the worker's link: %w", err)
	}
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = sysProcAttr()
	return conn, []*os.File{theirs}, nil
}

// OpenLink is the worker's end of the link.
func OpenLink() (io.ReadWriteCloser, error) {
	f := os.NewFile(3, "link")
	if f == nil {
		return nil, fmt.Errorf("no link: this program is started by inferd, not by hand")
	}
	conn, err := net.FileConn(f)
	_ = f.Close()
	if err != nil {
		return nil, fmt.Errorf("no link (this program is started by inferd, not by hand): %w", err)
	}
	return conn, nil
}
