// Package client is how a Go program talks to the inferd daemon on its
// machine: dial, ask for an answer and read it as it is generated, watch the
// daemon's lifecycle. It imports the standard library, the public wire package
// and this module's socket code, nothing else.
//
// Generate and Complete are plain text. Chat and CompleteChat carry typed
// content: media, tools, thinking; RunTools runs the tools that the model calls,
// and Ask returns an answer as a Go value. Embed and Rerank are what their names
// say.
//
// The program and the daemon work out the same socket path from the same
// function, so there is no address to configure. A Client is safe for
// concurrent use: every running request has a connection of its own, since the
// daemon serves the requests of one connection in order.
//
// To cancel a request, end its context or leave the loop over its frames. Both
// close the request's connection, which the daemon notices within 100 ms.
package client

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Options say which daemon to talk to. The zero value is the user's own, as
// it is now.
type Options struct {
	// Dir is the daemon's runtime directory, which holds its sockets. Empty
	// means the places where the user's daemon can be, in order.
	Dir string

	// WaitReady waits until the daemon can take a request: Dial, and later
	// every Generate that needs another connection, wait for it to start, to
	// load its model and to come back from a restart. The context bounds the
	// wait, and a daemon that says that it cannot start ends it with a
	// *FailedError.
	WaitReady bool

	// OnEvent, if set, is called with each lifecycle event that is seen while
	// waiting, in the goroutine that waits.
	OnEvent func(wire.AdminEvent)
}

// maxIdle is how many connections a Client keeps open for the next requests of
// each kind.
const maxIdle = 4

// Client sends requests to a daemon. It is safe for concurrent use.
type Client struct {
	dirs    []string
	wait    bool
	onEvent func(wire.AdminEvent)

	// mu guards the fields below.
	mu     sync.Mutex
	idle   map[transport.Surface][]*conn
	closed bool
}

// Dial connects to the daemon. Without Options.WaitReady the error is
// ErrNotRunning where there is none, and a *NotReadyError where there is one
// that does not take requests at present. A daemon that is ready and serves
// something else than text is as good: what it does not serve is refused with
// an *UnservedError when it is asked for.
func Dial(ctx context.Context, o Options) (*Client, error) {
	c := &Client{
		dirs: dirsOr(o.Dir), wait: o.WaitReady, onEvent: o.OnEvent,
		idle: make(map[transport.Surface][]*conn),
	}
	first, err := c.dial(ctx, &textSurface)
	switch _, unserved := errors.AsType[*UnservedError](err); {
	case unserved:
		return c, nil
	case err != nil:
		return nil, err
	}
	c.put(newConn(first, &textSurface))
	return c, nil
}

// Close closes the connections that no request is using. Requests that are
// running go on to their end; new ones are refused.
func (c *Client) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, kept := range idle {
		for _, conn := range kept {
			conn.close()
		}
	}
	return nil
}

// take returns a connection that a request may use, reused or new.
func (c *Client) take(ctx context.Context, s *surface) (*conn, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if kept := c.idle[s.at]; len(kept) > 0 {
		last := kept[len(kept)-1]
		c.idle[s.at] = kept[:len(kept)-1]
		c.mu.Unlock()
		return last, nil
	}
	c.mu.Unlock()
	fresh, err := c.dial(ctx, s)
	if err != nil {
		return nil, err
	}
	return newConn(fresh, s), nil
}

// put keeps a connection whose request has ended for the next one.
func (c *Client) put(conn *conn) {
	c.mu.Lock()
	at := conn.surface.at
	keep := !c.closed && len(c.idle[at]) < maxIdle
	if keep {
		c.idle[at] = append(c.idle[at], conn)
	}
	c.mu.Unlock()
	if !keep {
		conn.close()
	}
}

// dial opens a connection for requests.
func (c *Client) dial(ctx context.Context, s *surface) (net.Conn, error) {
	if c.wait {
		return c.dialWhenReady(ctx, s)
	}
	conn, err := dialAny(ctx, c.dirs, s.at)
	if !isNotRunning(err) {
		return conn, err
	}
	if err := whyNot(ctx, c.dirs, err); err != nil {
		return nil, err
	}
	conn, err = dialAny(ctx, c.dirs, s.at)
	if isNotRunning(err) {
		return nil, &UnservedError{What: s.serves}
	}
	return conn, err
}

// dirsOr is dir, or the places where a daemon of this user can be.
func dirsOr(dir string) []string {
	if dir != "" {
		return []string{dir}
	}
	return transport.ClientDirs()
}

// dialAny connects to the surface in the first directory that has a daemon.
// Where none has, the error is a *NotRunningError that says what was tried.
func dialAny(ctx context.Context, dirs []string, s transport.Surface) (net.Conn, error) {
	absent := &NotRunningError{}
	for _, dir := range dirs {
		conn, err := transport.Dial(ctx, transport.EndpointIn(dir, s))
		if err == nil {
			return conn, nil
		}
		if !transport.IsNotRunning(err) {
			return nil, err
		}
		absent.Tried = append(absent.Tried, err)
	}
	return nil, absent
}
