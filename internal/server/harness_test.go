package server_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/server"
	"github.com/inferd/inferd/internal/status"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// giveUp is when a test that waits for an event that never comes fails. No
// test takes so long, and none asserts a time.
const giveUp = 20 * time.Second

// generate is a backend's answer, as a test writes it.
type generate func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error)

// scripted is a backend that answers as the test says.
type scripted struct {
	backend.Unsupported
	generate generate
	unable   bool
	able     func(*backend.Capabilities) // what it can do beside
	whyNot   string
}

func (s *scripted) Name() string { return "scripted" }
func (s *scripted) Ready() bool  { return true }
func (s *scripted) Capabilities() backend.Capabilities {
	c := backend.Capabilities{Generate: !s.unable, WhyNot: s.whyNot, Slots: 4}
	if s.able != nil {
		s.able(&c)
	}
	return c
}

func (s *scripted) Generate(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	return s.generate(ctx, req, emit)
}

// says answers with the pieces.
func says(pieces ...string) generate {
	return func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		for _, piece := range pieces {
			if err := emit(text(piece)); err != nil {
				return backend.Result{}, err
			}
		}
		return backend.Result{Stop: wire.StopEnd, Usage: wire.Usage{PromptTokens: 3, CompletionTokens: len(pieces)}}, nil
	}
}

func text(s string) []backend.Event {
	return []backend.Event{{Kind: backend.EventText, Text: s, Tokens: 1}}
}

// harness is a server on real sockets.
type harness struct {
	t      *testing.T
	dir    string
	server *server.Server
	gate   *queue.Gate
	router *router.Router
	hub    *status.Hub
	log    *logBuffer
	drains chan struct{}

	cancelRequests context.CancelCauseFunc
	listeners      []*transport.Listener
	serving        sync.WaitGroup
	stopWatching   context.CancelFunc
	closed         bool
}

// options change a harness from its defaults.
type options struct {
	limits       queue.Limits
	backends     []backend.Backend
	writeTimeout time.Duration
}

// start runs a server with one backend.
func start(t *testing.T, g generate) *harness {
	t.Helper()
	return startWith(t, options{
		limits:   queue.Limits{Active: 4, Waiting: 8},
		backends: []backend.Backend{&scripted{generate: g}},
	})
}

func startWith(t *testing.T, o options) *harness {
	t.Helper()
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	watcher, err := transport.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{
		t: t, dir: dir, gate: queue.New(o.limits), router: router.New(o.backends),
		hub: status.NewHub(), log: &logBuffer{}, drains: make(chan struct{}, 8),
	}
	h.server = server.New(server.Config{
		Log: slog.New(slog.NewTextHandler(h.log, nil)), Gate: h.gate, Router: h.router, Hub: h.hub, Watcher: watcher,
		Status: func() wire.ControlStatus { return wire.ControlStatus{Version: "test", State: "ready"} },
		Reload: func(context.Context) wire.ControlReload { return wire.ControlReload{Applied: []string{"log_level"}} },
		Drain:  func() { h.drains <- struct{}{} },
		CompileSchema: func(schema []byte) error {
			if bytes.Contains(schema, []byte("bad")) {
				return errors.New("bad schema")
			}
			return nil
		},
		WriteTimeout: o.writeTimeout, SubscriberTimeout: o.writeTimeout,
	})
	watching, stop := context.WithCancel(context.Background())
	h.stopWatching = stop
	h.serving.Go(func() {
		if err := watcher.Run(watching); err != nil {
			t.Errorf("watcher: %v", err)
		}
	})
	requests, cancel := context.WithCancelCause(context.Background())
	h.cancelRequests = cancel
	for _, surface := range transport.Surfaces() {
		ln, err := transport.Listen(transport.EndpointIn(dir, surface))
		if err != nil {
			t.Fatal(err)
		}
		h.listeners = append(h.listeners, ln)
		h.serving.Go(func() { h.server.Serve(requests, ln) })
	}
	t.Cleanup(h.stop)
	return h
}

// stop takes the server down and checks that nothing is left in the books.
func (h *harness) stop() {
	if h.closed {
		return
	}
	h.closed = true
	h.gate.Close()
	h.cancelRequests(server.ErrShutdown)
	for _, ln := range h.listeners {
		ln.Close()
	}
	h.hub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	h.server.Close(ctx)
	if ctx.Err() != nil {
		h.t.Error("the server did not end its sessions by itself")
	}
	h.stopWatching()
	h.serving.Wait()
	if s := h.gate.Stats(); s.Active != 0 || s.Waiting != 0 {
		h.t.Errorf("left in the queue: %+v", s)
	}
	for _, s := range h.router.Stats() {
		if s.Running != 0 {
			h.t.Errorf("left in the router: %+v", s)
		}
	}
}

// dial connects to a surface; the test's end closes the connection.
func (h *harness) dial(surface transport.Surface) *client {
	h.t.Helper()
	conn, err := transport.Dial(h.t.Context(), transport.EndpointIn(h.dir, surface))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(giveUp))
	return &client{t: h.t, Conn: conn, frames: wire.NewReader(conn)}
}

// client is one connection, seen from its far end.
type client struct {
	t *testing.T
	net.Conn
	frames *wire.Reader
}

// send writes lines as they are.
func (c *client) send(lines ...string) {
	c.t.Helper()
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if _, err := c.Write(b.Bytes()); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// next reads one frame of the text surface.
func (c *client) next() wire.V1Response {
	c.t.Helper()
	frame, err := c.frames.Next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	response, err := wire.DecodeV1Response(frame)
	if err != nil {
		c.t.Fatalf("decode %s: %v", frame, err)
	}
	return response
}

// answer reads up to the terminal frame and returns the text of the token
// frames and that frame.
func (c *client) answer() (tokens string, last wire.V1Response) {
	c.t.Helper()
	var all strings.Builder
	for {
		switch f := c.next().(type) {
		case *wire.V1Token:
			all.WriteString(f.Content)
		case *wire.V1Status:
		default:
			return all.String(), f
		}
	}
}

// ended fails the test unless the connection ends now, with nothing more.
func (c *client) ended() {
	c.t.Helper()
	if frame, err := c.frames.Next(); err == nil {
		c.t.Fatalf("got %s, want the end of the connection", frame)
	} else if errTimeout(err) {
		c.t.Fatalf("connection is still open: %v", err)
	}
}

func errTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// closeWrite ends what the client sends.
func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// ask is a request of the id with more fields, each after a comma.
func ask(id, more string) string {
	return `{"id":"` + id + `","messages":[{"role":"user","content":"hello there"}]` + more + `}`
}

// await fails the test when c stays silent.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(giveUp):
		t.Fatalf("%s never came", what)
		panic("unreachable")
	}
}

// logBuffer is a log that a test can read while it is written.
type logBuffer struct {
	// mu guards the fields below.
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newEmptyServer() { server.New(server.Config{}) }
