//go:build !windows

package llama

import (
	"os"

	"golang.org/x/sys/unix"
)

// dupFD makes a descriptor of its own, since fclose will close it.
func dupFD(f *os.File) (int, error) {
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
}

func closeFD(fd int) { _ = unix.Close(fd) }
