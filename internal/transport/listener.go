package transport

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// How long Accept waits after an error of the system before it tries again:
// doubling from the first to the last.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = time.Second
)

// Listener accepts the connections of one surface. It is safe for concurrent
// use.
type Listener struct {
	// OnTrouble, where it is not nil, is told of each error that Accept gets
	// over: a failed accept, a client that can't be identified. Set it before
	// the first Accept. It is called by Accept and holds it up.
	OnTrouble func(error)

	endpoint Endpoint
	ln       net.Listener
	withdraw func() error
	identify func(net.Conn) (Peer, error)
	closed   chan struct{}
	drained  chan struct{} // closed once late is whole
	close    func() error

	// mu guards the fields below.
	mu   sync.Mutex
	late []net.Conn // were connected before the socket was withdrawn
}

// Listen serves the surface of e at its path. The caller holds the instance
// lock of the directory.
//
// The socket appears at its path in one step, already accepting and with the
// permissions of its surface. What stands there before is replaced only if it
// is a socket of ours at which nobody listens, left behind by a daemon that
// was killed. Anything else (a link, a file, another user's socket, one that
// is served) is an error, and stays as it is.
func Listen(e Endpoint) (*Listener, error) {
	ln, withdraw, err := listen(e)
	if err != nil {
		return nil, fmt.Errorf("listen on the %s surface: %w", e.Surface, err)
	}
	return newListener(e, ln, withdraw), nil
}

// RemoveStale removes the socket that a daemon which was killed left at e, so
// that a client is told at once that nobody serves there. The caller holds the
// instance lock. What is no such socket stays, and is an error.
func RemoveStale(e Endpoint) error {
	if err := clearEndpoint(e); err != nil {
		return fmt.Errorf("clear the %s surface: %w", e.Surface, err)
	}
	return nil
}

func newListener(e Endpoint, ln net.Listener, withdraw func() error) *Listener {
	l := &Listener{endpoint: e, ln: ln, withdraw: withdraw, identify: peerOf,
		closed: make(chan struct{}), drained: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		// The path goes first: while our socket is open, its inode can't be
		// given to another, and a client gets a plain "no daemon".
		err := l.withdraw()
		l.drain()
		return errors.Join(err, l.ln.Close())
	})
	return l
}

// drainTime is how long connections that are there already are waited for. The
// system hands them over at once.
const drainTime = 2 * time.Millisecond

// drain takes the connections that nobody has accepted yet: their clients are
// connected, and may have sent a request. To close the socket would reset them.
func (l *Listener) drain() {
	defer close(l.drained)
	ln, ok := l.ln.(interface{ SetDeadline(t time.Time) error })
	if !ok || ln.SetDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	for {
		c, err := l.ln.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.late = append(l.late, c)
		l.mu.Unlock()
	}
}

// next is the next connection.
func (l *Listener) next() (net.Conn, error) {
	c, err := l.ln.Accept()
	if err == nil || !l.isClosed() {
		return c, err
	}
	<-l.drained
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.late) == 0 {
		return nil, net.ErrClosed
	}
	c, l.late = l.late[0], l.late[1:]
	return c, nil
}

// Endpoint returns where l listens.
func (l *Listener) Endpoint() Endpoint { return l.endpoint }

// Accept waits for the next connection and returns it with its peer. Its only
// error is net.ErrClosed, after Close, when the connections that had come before
// are all returned; who accepts goes on until then, or they stay open. Neither a
// passing fault of the system, such as a lack of descriptors, nor a client that
// can't be identified ends it. It waits out the one, and drops the other.
func (l *Listener) Accept() (*Conn, error) {
	var wait time.Duration
	for {
		c, err := l.next()
		if err == nil {
			wait = 0
			peer, err := l.identify(c)
			if err == nil {
				return &Conn{Conn: c, peer: peer}, nil
			}
			c.Close()
			l.report(fmt.Errorf("drop a connection to the %s surface: %w", l.endpoint.Surface, err))
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, net.ErrClosed
		}
		l.report(fmt.Errorf("accept on the %s surface: %w", l.endpoint.Surface, err))
		wait = min(max(2*wait, firstRetry), lastRetry)
		l.pause(wait)
	}
}

// Close stops listening and removes the socket's file, unless another one has
// taken its place. It ends a waiting Accept, once that has returned what was
// connected before; connections live on.
// Calls after the first do nothing and return the same.
func (l *Listener) Close() error { return l.close() }

func (l *Listener) report(err error) {
	if l.OnTrouble != nil {
		l.OnTrouble(err)
	}
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// pause waits, but not for longer than l is open.
func (l *Listener) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.closed:
	}
}
