package transport

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func readPeer(fd int) (Peer, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, os.NewSyscallError("getsockopt SO_PEERCRED", err)
	}
	return Peer{UID: cred.Uid, GID: cred.Gid, PID: int(cred.Pid), Exe: exeOf(fd, int(cred.Pid))}, nil
}

// exeOf returns the executable of the process that connected fd. Its pid may
// have gone to another process by now; the pid descriptor of the connection
// tells. Kernels before 6.5 have none, and there the pid is taken at its word.
func exeOf(fd, pid int) string {
	if pid <= 0 {
		return ""
	}
	pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	switch {
	case err == nil:
		defer unix.Close(pidfd)
	case errors.Is(err, unix.ENOPROTOOPT):
		pidfd = -1
	default:
		return ""
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil || pidfd >= 0 && exited(pidfd) {
		return ""
	}
	// An app that is updated while it runs stays the same app.
	return strings.TrimSuffix(exe, " (deleted)")
}

// exited reports whether the process of pidfd has ended, or can't be asked. A
// process that has not ended now had its pid all the while.
func exited(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return n != 0 || err != nil
}
