package transport

import (
	"errors"

	"golang.org/x/sys/unix"
)

// hungUp asks the kernel once whether the peer of c has closed: then both
// directions of the socket are shut down, and it has no peer any more. After a
// half-close of the peer it still has one. (POLLHUP would not tell the two
// apart here.)
func hungUp(c *Conn) bool {
	var peerErr error
	err := control(c.Conn, func(fd int) { _, peerErr = unix.Getpeername(fd) })
	return err == nil && (errors.Is(peerErr, unix.EINVAL) || errors.Is(peerErr, unix.ENOTCONN))
}
