package server

import (
	"io"
	"time"

	"github.com/inferd/inferd/internal/transport"
)

const (
	lingerTime  = 5 * time.Second
	lingerBytes = 256 << 20
)

// linger lets a client read the last frame although it is still sending: to
// close with unread input resets the connection, and a client in the middle
// of a write would see nothing but that. So our side ends first, and what the
// client still sends is thrown away, up to a bound.
func (s *Server) linger(conn *transport.Conn) {
	if conn.CloseWrite() != nil || conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	// Asked after the deadline is set: either this sees that the server is
	// closing, or the close comes later and sets a deadline of its own.
	if s.sessions.isClosing() {
		return
	}
	// Any error ends the wait, and the connection closes in every case.
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}
