package transport

import (
	"os"

	"golang.org/x/sys/unix"
)

// readPeer leaves Exe empty: the kernel tells the path of a pid's executable,
// but not whether that is still the process that connected.
func readPeer(fd int) (Peer, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, os.NewSyscallError("getsockopt LOCAL_PEERCRED", err)
	}
	pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		return Peer{}, os.NewSyscallError("getsockopt LOCAL_PEERPID", err)
	}
	return Peer{UID: cred.Uid, GID: cred.Groups[0], PID: pid}, nil
}
