package transport

import (
	"errors"
	"fmt"
	"net"
)

// Conn is an accepted connection with the identity of its client.
type Conn struct {
	net.Conn
	peer Peer
}

// Peer returns who connected, as the kernel said when the connection was
// accepted.
func (c *Conn) Peer() Peer { return c.peer }

// CloseWrite ends what is sent and leaves the other direction open. Where the
// connection can't do that (Windows pipes) it returns errors.ErrUnsupported.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("close the write side: %w", errors.ErrUnsupported)
	}
	return half.CloseWrite()
}

// Peer is the identity of a client: of the process that connected, which may
// have handed the connection to another since.
type Peer struct {
	// UID and GID are the user and group of the process. They mean nothing on
	// Windows, where they are 0 and the pipe admits one user only.
	UID, GID uint32
	// PID is the process, 0 where it lives in another pid namespace.
	PID int
	// Exe is the path of its executable, "" where it can't be known: on macOS,
	// when the process is gone or hidden, in another namespace. It tells the
	// apps of one user apart for fairness and display. It is no credential: a
	// user's processes can pose as one another.
	Exe string
}

func (p Peer) String() string {
	s := fmt.Sprintf("pid %d", p.PID)
	if hasUsers {
		s = fmt.Sprintf("uid %d %s", p.UID, s)
	}
	if p.Exe != "" {
		s += fmt.Sprintf(" exe %q", p.Exe) // quoted: a file name may hold anything
	}
	return s
}
