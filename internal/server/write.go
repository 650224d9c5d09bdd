package server

import (
	"errors"
	"net"
	"os"
	"time"
)

// deadlineConn writes to a client that must not stop reading for longer than
// a timeout. It is not safe for concurrent use.
type deadlineConn struct {
	net.Conn
	timeout time.Duration
	set     time.Time // when the write deadline was last set
}

// writeAll writes p. A client that takes some of it has the whole timeout
// again for the rest; one that takes nothing gets errStalled.
func (c *deadlineConn) writeAll(p []byte) error {
	progress := time.Now()
	if err := c.extend(progress); err != nil {
		return err
	}
	for {
		n, err := c.Write(p)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		now := time.Now()
		switch {
		case n > 0:
			progress = now
		case now.Sub(progress) >= c.timeout:
			return errStalled
		}
		p = p[n:]
		c.set = progress
		if err := c.SetWriteDeadline(progress.Add(c.timeout)); err != nil {
			return err
		}
	}
}

// extend sets the write deadline, but not for every frame: a timer reset costs
// more than appending a frame does. So the deadline may come up to half the
// timeout too early, and writeAll looks at the time again then.
func (c *deadlineConn) extend(now time.Time) error {
	if now.Sub(c.set) < c.timeout/2 {
		return nil
	}
	c.set = now
	return c.SetWriteDeadline(now.Add(c.timeout))
}
