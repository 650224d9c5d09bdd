package client

import (
	"context"
	"net"

	"github.com/inferd/inferd/wire"
)

// conn is one connection with the frames that were read ahead on it. It is
// not safe for concurrent use.
type conn struct {
	net.Conn
	frames *wire.Reader
	// used says that a request was answered on it: then the daemon may have
	// closed it in the meantime.
	used bool
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, frames: wire.NewReader(c)} }

// close ends the connection. Its error is dropped: whatever matters was read
// or reported before.
func (c *conn) close() { _ = c.Conn.Close() }

// closeWith closes c as soon as ctx ends, which ends a blocked read or write.
// The returned func calls that off and reports whether c is still open; it
// waits for a close that has begun.
func (c *conn) closeWith(ctx context.Context) (disarm func() (open bool)) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		c.close()
	})
	return func() bool {
		if stop() {
			return true
		}
		<-done
		return false
	}
}
