package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the daemon's side of one connection, played from a script.
type peer struct {
	*testing.T
	net.Conn
	frames *wire.Reader
}

// step is one thing that a peer does. A false result ends its script.
type step func(*peer) bool

// expect reads a frame and compares it.
func expect(want string) step {
	return func(p *peer) bool {
		frame, err := p.frames.Next()
		if err != nil || string(frame) != want {
			p.Errorf("peer: got frame %q, error %v, want %q", frame, err, want)
			return false
		}
		return true
	}
}

// send writes text as it is.
func send(text string) step {
	return func(p *peer) bool {
		if _, err := io.WriteString(p.Conn, text); err != nil {
			p.Errorf("peer: send: %v", err)
			return false
		}
		return true
	}
}

// sendBytes writes text in as many writes as it has bytes.
func sendBytes(text string) step {
	return func(p *peer) bool {
		for i := range len(text) {
			if !send(text[i : i+1])(p) {
				return false
			}
		}
		return true
	}
}

// awaitClose reads until the client has closed its side.
func awaitClose(p *peer) bool {
	if frame, err := p.frames.Next(); !errors.Is(err, io.EOF) {
		p.Errorf("peer: got frame %q, error %v, want the end of the stream", frame, err)
	}
	return true
}

// await waits for ch.
func await(ch <-chan struct{}) step {
	return func(*peer) bool { <-ch; return true }
}

// shortDir is a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// play serves a surface in dir: the n-th connection gets the n-th script and
// is closed at its end. The test ends when every script has been played.
func play(t *testing.T, dir string, s transport.Surface, scripts ...[]step) {
	t.Helper()
	ln, err := net.Listen("unix", transport.EndpointIn(dir, s).Path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer ln.Close()
		for _, script := range scripts {
			conn, err := ln.Accept()
			if err != nil {
				t.Errorf("peer: accept: %v", err)
				return
			}
			wg.Go(func() {
				defer conn.Close()
				p := &peer{T: t, Conn: conn, frames: wire.NewReader(conn)}
				for _, do := range script {
					if !do(p) {
						return
					}
				}
			})
		}
	})
	t.Cleanup(wg.Wait)
}

// dial connects a client to the peers in dir.
func dial(t *testing.T, dir string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// against is a client of one connection with a script.
func against(t *testing.T, script ...step) *client.Client {
	t.Helper()
	dir := shortDir(t)
	play(t, dir, transport.V1, script)
	return dial(t, dir)
}

// hello is a request, and helloFrame what it is on the wire.
func hello(id string) *wire.V1Request {
	return &wire.V1Request{ID: id, Messages: []wire.Message{{Role: wire.RoleUser, Content: "hello"}}}
}

func helloFrame(id string) string {
	frame := hello(id).Append(nil)
	return string(frame[:len(frame)-1])
}

// collect ranges over an answer to its end.
func collect(ctx context.Context, c *client.Client, req *wire.V1Request) (frames []wire.V1Response, last error) {
	for frame, err := range c.Generate(ctx, req) {
		if frame != nil {
			frames = append(frames, frame)
		}
		last = err
	}
	return frames, last
}
