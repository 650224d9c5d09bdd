package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// readers is how many clients S10 has.
const readers = 64

// frames is S10, twice: as fast as the mock can, which hands frames over by
// the handful, and with a moment before each, so that every frame goes alone.
func frames(ctx context.Context, l *lab) ([]Result, error) {
	var results []Result
	for _, c := range []struct {
		name  string
		delay float64
	}{{"in batches of up to 16", 0}, {"one at a time", 0.001}} {
		r, err := l.framesAt(ctx, c.name, c.delay)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (l *lab) framesAt(ctx context.Context, name string, delayMS float64) (Result, error) {
	d, err := l.serve(ctx, settings{active: readers, mock: map[string]any{
		"tokens": []string{"a ", "piece ", "of ", "text "}, "loop": true, "token_delay_ms": delayMS,
	}})
	if err != nil {
		return Result{}, err
	}
	defer d.stop()
	got, err := l.rounds(ctx, func(ctx context.Context) (float64, error) {
		return countFrames(ctx, d.Dir, time.Duration(l.pick(3000, 2000))*time.Millisecond)
	})
	return l.judge(got, column(got, 0), Result{
		Case: name, Unit: "/s", Target: atLeast(150_000), Note: "the clients, which only count lines, use the same processors",
	}), err
}

// countFrames is how many frames a second all clients get together.
func countFrames(ctx context.Context, dir string, period time.Duration) (float64, error) {
	var count atomic.Int64
	var reading sync.WaitGroup
	var conns []net.Conn
	begun, failed := make(chan struct{}, readers), make(chan error, readers)
	defer reading.Wait()
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range readers {
		conn, err := endless(ctx, dir)
		if err != nil {
			return 0, err
		}
		conns = append(conns, conn)
		reading.Go(func() { failed <- countLines(conn, &count, begun) })
	}
	for range conns { // until all are at it
		if err := passes(ctx, begun, failed); err != nil {
			return 0, err
		}
	}
	from, before := time.Now(), count.Load()
	for count.Load() == before { // a machine that stood still has shown nothing
		if err := passes(ctx, time.After(period), failed); err != nil {
			return 0, err
		}
	}
	return float64(count.Load()-before) / time.Since(from).Seconds(), nil
}

// countLines counts what comes until the connection ends, and says when the
// first has come.
func countLines(conn net.Conn, count *atomic.Int64, begun chan<- struct{}) error {
	buf := make([]byte, 64<<10)
	for first := true; ; {
		n, err := conn.Read(buf)
		count.Add(int64(bytes.Count(buf[:n], []byte("\n"))))
		if err != nil {
			return err
		}
		if first {
			first = false
			begun <- struct{}{}
		}
	}
}

// passes waits for something, unless a client's answer ends before.
func passes[T any](ctx context.Context, something <-chan T, failed <-chan error) error {
	select {
	case <-something:
		return nil
	case err := <-failed:
		return errors.Join(errors.New("a client's answer ended"), err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// endless asks for an answer that does not end.
func endless(ctx context.Context, dir string) (net.Conn, error) {
	conn, err := transport.Dial(ctx, transport.EndpointIn(dir, transport.V1))
	if err != nil {
		return nil, err
	}
	most := int64(1 << 40)
	request := &wire.V1Request{ID: "f", Messages: []wire.Message{{Role: wire.RoleUser, Content: "go"}}, MaxTokens: &most}
	if _, err := conn.Write(request.Append(nil)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}
