//go:build !linux

package transport

import "context"

// events never takes a connection: every one is polled.
type events struct{}

func newEvents() (*events, error) { return &events{}, nil }

func (*events) add(*Conn, uint64) bool { return false }

func (*events) remove(*Conn, uint64) {}

func (*events) run(ctx context.Context, _ func(key uint64)) error {
	<-ctx.Done()
	return nil
}
