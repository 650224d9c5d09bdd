package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/server"
	"github.com/inferd/inferd/internal/status"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// BenchmarkV1Frames measures token frames a second through the text surface:
// 64 clients on Unix sockets, all asking for long answers of the mock. One
// operation is one frame, read by its client.
func BenchmarkV1Frames(b *testing.B) {
	const clients, tokens = 64, 1000
	endpoint := serveMock(b, clients)
	conns := make([]net.Conn, clients)
	for i := range conns {
		conn, err := transport.Dial(b.Context(), endpoint)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	request := fmt.Appendf(nil, `{"id":"bench","messages":[{"role":"user","content":"go"}],"max_tokens":%d}`+"\n", tokens)
	rounds := max(1, b.N/(clients*tokens))
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for _, conn := range conns {
		all.Go(func() {
			for range rounds {
				if err := readAnswer(conn, request, tokens); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	frames := float64(clients * tokens * rounds)
	b.ReportMetric(frames/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(0, "ns/op") // b.N is only the wish; the metric above counts
}

// serveMock runs the text surface alone, on a mock that answers for ever.
func serveMock(b *testing.B, active int) transport.Endpoint {
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	watcher, err := transport.NewWatcher()
	if err != nil {
		b.Fatal(err)
	}
	s := server.New(server.Config{
		Log:     slog.New(slog.DiscardHandler),
		Gate:    queue.New(queue.Limits{Active: active, Waiting: active}),
		Router:  router.New([]backend.Backend{mock.New(mock.Config{Loop: true})}),
		Hub:     status.NewHub(),
		Watcher: watcher,
		Status:  func() wire.ControlStatus { return wire.ControlStatus{} },
		Drain:   func() {},
		Reload:  func(context.Context) wire.ControlReload { return wire.ControlReload{} },
	})
	endpoint := transport.EndpointIn(dir, transport.V1)
	ln, err := transport.Listen(endpoint)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Serve(ctx, ln) })
	running.Go(func() { _ = watcher.Run(ctx) })
	b.Cleanup(func() {
		ln.Close()
		cancel()
		s.Close(ctx)
		running.Wait()
	})
	return endpoint
}

// readAnswer asks once and reads up to the terminal frame. It counts line ends
// instead of decoding: the server is measured, not this client.
func readAnswer(conn net.Conn, request []byte, tokens int) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	var buf [64 << 10]byte
	for lines := 0; lines < tokens+1; {
		n, err := conn.Read(buf[:])
		if err == io.EOF || err != nil {
			return fmt.Errorf("after %d frames: %w", lines, err)
		}
		lines += bytes.Count(buf[:n], []byte{'\n'})
	}
	return nil
}
