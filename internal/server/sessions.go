package server

import (
	"context"
	"net"
	"sync"
	"time"
)

// sessions are the open connections and the goroutines that serve them.
type sessions struct {
	// closing ends when no session should begin anything new.
	closing chan struct{}
	wg      sync.WaitGroup

	// mu guards the fields below.
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

func newSessions() *sessions {
	return &sessions{closing: make(chan struct{}), conns: make(map[net.Conn]struct{})}
}

// start runs serve in a goroutine of its own and closes conn after it. It
// reports false, and has closed conn, where the server is closing.
func (ss *sessions) start(conn net.Conn, serve func()) bool {
	ss.mu.Lock()
	refused := ss.closed
	if !refused {
		ss.conns[conn] = struct{}{}
		ss.wg.Add(1)
	}
	ss.mu.Unlock()
	if refused {
		conn.Close()
		return false
	}
	go func() {
		defer ss.wg.Done()
		defer ss.end(conn)
		serve()
	}()
	return true
}

func (ss *sessions) end(conn net.Conn) {
	conn.Close()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.conns, conn)
}

// isClosing reports whether sessions should end after what they are at.
func (ss *sessions) isClosing() bool {
	select {
	case <-ss.closing:
		return true
	default:
		return false
	}
}

// close asks every session to end, cuts those that have not when ctx ends, and
// waits for all.
func (ss *sessions) close(ctx context.Context) {
	ss.mu.Lock()
	if !ss.closed {
		ss.closed = true
		close(ss.closing)
	}
	ss.mu.Unlock()

	// A session that waits for its client's next request has nothing to finish.
	ss.each(func(c net.Conn) { c.SetReadDeadline(time.Unix(1, 0)) })

	ended := make(chan struct{})
	go func() {
		ss.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		ss.each(func(c net.Conn) { c.Close() })
		<-ended
	}
}

func (ss *sessions) each(f func(net.Conn)) {
	ss.mu.Lock()
	conns := make([]net.Conn, 0, len(ss.conns))
	for c := range ss.conns {
		conns = append(conns, c)
	}
	ss.mu.Unlock()
	for _, c := range conns {
		f(c)
	}
}
