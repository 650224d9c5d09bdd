//go:build unix

package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// blockingRead is a read of conn that waits in the system. conn is not to be
// read in another way after it; release ends it.
func blockingRead(conn net.Conn) (read func([]byte) (int, error), release func(), err error) {
	c, ok := conn.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, nil, errors.New("the connection has no descriptor")
	}
	f, err := c.File()
	if err != nil {
		return nil, nil, err
	}
	fd := int(f.Fd())
	if err := syscall.SetNonblock(fd, false); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	read = func(p []byte) (int, error) {
		for {
			n, err := syscall.Read(fd, p)
			if !errors.Is(err, syscall.EINTR) {
				return n, err
			}
		}
	}
	return read, func() { _ = f.Close() }, nil
}
