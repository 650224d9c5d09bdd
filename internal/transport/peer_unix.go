//go:build unix

package transport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

const hasUsers = true

// peerOf asks the kernel who is at the other end. For a client, that is who
// called listen.
func peerOf(c net.Conn) (Peer, error) {
	var (
		p   Peer
		err error
	)
	ctlErr := control(c, func(fd int) { p, err = readPeer(fd) })
	if err = errors.Join(ctlErr, err); err != nil {
		return Peer{}, fmt.Errorf("read peer credentials: %w", err)
	}
	return p, nil
}

// control runs f on the descriptor of c, which can't be closed, nor its number
// be given to another file, until f returns.
func control(c net.Conn, f func(fd int)) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a %T has no descriptor: %w", c, errors.ErrUnsupported)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { f(int(fd)) })
}
