package client

import (
	"context"
	"fmt"
	"net"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// conn is one connection with the frames that were read ahead on it. It is
// not safe for concurrent use.
type conn struct {
	net.Conn
	surface *surface
	// next returns the next frame. At a clean end of the stream the error is
	// io.EOF.
	next func() ([]byte, error)
	// used says that a request was answered on it: then the daemon may have
	// closed it in the meantime.
	used bool
}

// newConn makes a connection to a surface; nil is one that takes no requests.
func newConn(c net.Conn, s *surface) *conn {
	next := wire.NewReader(c).Next
	if s != nil && s.at == transport.Framed {
		next = nextFramed(wire.NewFramedReader(c))
	}
	return &conn{Conn: c, surface: s, next: next}
}

// nextFramed reads length-prefixed answers: they are JSON, all of them.
func nextFramed(frames *wire.FramedReader) func() ([]byte, error) {
	return func() ([]byte, error) {
		kind, payload, err := frames.Next()
		if err == nil && kind != wire.FrameJSON {
			err = fmt.Errorf("the daemon sent a %s frame", kind)
		}
		return payload, err
	}
}

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
