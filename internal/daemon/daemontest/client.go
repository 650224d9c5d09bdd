package daemontest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Client is a connection to the daemon, seen from the client's end. Its
// methods fail the test where something is not as it must be.
type Client struct {
	net.Conn
	t      testing.TB
	frames *wire.Reader
}

// Dial connects to a surface. The test's end closes the connection.
func (d *Daemon) Dial(s transport.Surface) *Client {
	d.t.Helper()
	conn, err := transport.Dial(d.t.Context(), transport.EndpointIn(d.Dir, s))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(GiveUp)); err != nil {
		d.t.Fatal(err)
	}
	return &Client{Conn: conn, t: d.t, frames: wire.NewReader(conn)}
}

// V1 connects to the text surface.
func (d *Daemon) V1() *Client {
	d.t.Helper()
	return d.Dial(transport.V1)
}

// Send writes lines as they are.
func (c *Client) Send(lines ...string) {
	c.t.Helper()
	if _, err := c.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// Ask sends a request of one user message. more are further fields, each
// after a comma.
func (c *Client) Ask(id, content, more string) {
	c.t.Helper()
	c.Send(fmt.Sprintf(`{"id":%q,"messages":[{"role":"user","content":%q}]%s}`, id, content, more))
}

// CloseWrite ends what the client sends.
func (c *Client) CloseWrite() {
	c.t.Helper()
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// Frame reads one frame.
func (c *Client) Frame() []byte {
	c.t.Helper()
	frame, err := c.frames.Next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return frame
}

// Next reads one frame of the text surface.
func (c *Client) Next() wire.V1Response {
	c.t.Helper()
	frame := c.Frame()
	response, err := wire.DecodeV1Response(frame)
	if err != nil {
		c.t.Fatalf("decode %s: %v", frame, err)
	}
	return response
}

// Answer reads up to the terminal frame, and returns the text of the token
// frames before it and that frame.
func (c *Client) Answer() (text string, last wire.V1Response) {
	c.t.Helper()
	var all strings.Builder
	for {
		response := c.Next()
		if response.Terminal() {
			return all.String(), response
		}
		if token, ok := response.(*wire.V1Token); ok {
			all.WriteString(token.Content)
		}
	}
}

// Ended fails the test unless the connection ends with nothing more to read.
func (c *Client) Ended() {
	c.t.Helper()
	frame, err := c.frames.Next()
	if err == nil {
		c.t.Fatalf("got %s, want the end of the connection", frame)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatal("the connection does not end")
	}
}
