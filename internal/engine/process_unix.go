//go:build !windows

package engine

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/inferd/inferd/internal/engine/proto"
)

// firstFile is the worker's descriptor of the first file that it inherits.
const firstFile = 4

// inherited is the i-th file as the worker has it.
func inherited(f *os.File, i int) proto.File { return proto.File{Name: f.Name(), FD: firstFile + i} }

// OpenFile is a file that the worker has inherited.
func OpenFile(f proto.File) (*os.File, error) {
	if f.FD < firstFile {
		return nil, fmt.Errorf("descriptor %d of %s: the files begin at %d", f.FD, f.Name, firstFile)
	}
	return os.NewFile(uintptr(f.FD), f.Name), nil
}

// attach gives the command one end of a socket pair as descriptor 3 and the
// files after it, and returns the other end, with what to close once the
// process has its copy.
func attach(cmd *exec.Cmd, files []*os.File) (io.ReadWriteCloser, []*os.File, error) {
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
	cmd.ExtraFiles = append([]*os.File{theirs}, files...)
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
