package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// moody answers after a while, in pieces, or fails, as its request says.
func moody(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	for i := range 20 {
		select {
		case <-ctx.Done():
			return backend.Result{Stop: wire.StopCancelled}, nil
		case <-time.After(time.Duration(i%3) * 50 * time.Microsecond):
		}
		if req.Messages[0].Content == "fail" && i == 10 {
			return backend.Result{Stop: wire.StopError}, backend.Errorf(backend.Unavailable, "scripted")
		}
		if err := emit(text("piece ")); err != nil {
			return backend.Result{Stop: wire.StopError}, err
		}
	}
	return backend.Result{Stop: wire.StopEnd}, nil
}

// TestV1_StressLeavesNothingBehind lets clients come, ask, read in part,
// half-close and vanish at random. Everyone who stays gets exactly one
// terminal frame for each request, and afterwards all counts are zero.
func TestV1_StressLeavesNothingBehind(t *testing.T) {
	const clients, rounds = 24, 40
	before := openFiles(t)
	h := startWith(t, options{
		limits: queue.Limits{Active: 4, Waiting: 10}, backends: []backend.Backend{&scripted{generate: moody}},
	})
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for round := range rounds {
				if err := h.visit(random, round); err != nil {
					t.Errorf("client %d, round %d: %v", i, round, err)
					return
				}
			}
		})
	}
	all.Wait()
	h.settled(0, 0)
	h.stop()
	if after := openFiles(t); after > before {
		t.Errorf("%d descriptors are open, before it were %d", after, before)
	}
}

// visit is one connection of one client.
func (h *harness) visit(random *rand.Rand, round int) error {
	conn, err := transport.Dial(context.Background(), transport.EndpointIn(h.dir, transport.V1))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(giveUp))
	requests := 1 + random.IntN(3)
	var out []byte
	for i := range requests {
		content := []string{"go", "fail"}[random.IntN(2)]
		out = append(out, fmt.Sprintf(`{"id":"%d","progress":%t,"messages":[{"role":"user","content":%q}]}`+"\n", i, random.IntN(2) == 0, content)...)
	}
	if _, err := conn.Write(out); err != nil {
		return err
	}
	if random.IntN(2) == 0 {
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return err
		}
	}
	frames := wire.NewReader(conn)
	leave := -1 // never
	if random.IntN(3) == 0 {
		leave = random.IntN(30)
	}
	for answered := 0; answered < requests; leave-- {
		if leave == 0 {
			return nil // vanish
		}
		frame, err := frames.Next()
		if err != nil {
			return fmt.Errorf("after %d of %d answers: %w", answered, requests, err)
		}
		response, err := wire.DecodeV1Response(frame)
		if err != nil {
			return err
		}
		if response.RequestID() != fmt.Sprint(answered) {
			return fmt.Errorf("round %d: a frame of request %s during request %d", round, response.RequestID(), answered)
		}
		if response.Terminal() {
			answered++
		}
	}
	return nil
}
