package server_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// endless answers without end, until something else ends it.
func endless(ended chan<- error) generate {
	return func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		if req.Messages[0].Content == "short" {
			return says("short")(ctx, req, emit)
		}
		piece := text(strings.Repeat("x", 1000))
		for {
			if err := emit(piece); err != nil {
				ended <- err
				return backend.Result{Stop: wire.StopError}, err
			}
		}
	}
}

func TestV1_ClientThatNeverReadsIsCutOffAndHoldsUpNobody(t *testing.T) {
	ended := make(chan error, 8)
	h := startWith(t, options{
		limits:       queue.Limits{Active: 4, Waiting: 4},
		backends:     []backend.Backend{&scripted{generate: endless(ended)}},
		writeTimeout: 100 * time.Millisecond,
	})
	const stuck = 3
	for range stuck {
		h.dial(transport.V1).send(ask("stuck", ""))
	}
	h.settled(stuck, 0)
	c := h.dial(transport.V1)
	for range 20 {
		c.send(`{"messages":[{"role":"user","content":"short"}]}`)
		if tokens, _ := c.answer(); tokens != "short" {
			t.Fatalf("beside clients that do not read, another got %q", tokens)
		}
	}
	for range stuck {
		if err := await(t, ended, "the end of a stuck request"); !strings.Contains(err.Error(), "stopped reading") {
			t.Errorf("ended with %v", err)
		}
	}
	h.settled(0, 0)
	h.stop()
	if n := strings.Count(h.log.String(), "client_stalled"); n != stuck {
		t.Errorf("%d of %d cut-offs are in the log", n, stuck)
	}
}

func TestV1_SlowReaderGetsEverythingInTheEnd(t *testing.T) {
	const pieces = 3000 // of 1,000 bytes: more than the outbox and the kernel hold
	h := start(t, func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		piece := text(strings.Repeat("y", 1000))
		for range pieces {
			if err := emit(piece); err != nil {
				return backend.Result{}, err
			}
		}
		return backend.Result{Stop: wire.StopEnd}, nil
	})
	c := h.dial(transport.V1)
	c.send(ask("1", ""))
	h.settled(1, 0) // it waits for us
	tokens, last := c.answer()
	if len(tokens) != 1000*pieces || !isDone(last, wire.StopEnd) || last.(*wire.V1Done).Content != tokens {
		t.Errorf("got %d bytes", len(tokens))
	}
}

func TestV1_OversizedFrameIsAnsweredWhileItIsStillSent(t *testing.T) {
	h := start(t, says("unused"))
	sizes := map[string]int{
		"one byte too many":        wire.MaxFrame + 1,
		"a good deal beyond bound": wire.MaxFrame + 32<<20,
	}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			c := h.dial(transport.V1)
			frame := append(bytes.Repeat([]byte{'x'}, size), '\n')
			n, err := c.Write(frame)
			if err != nil {
				t.Fatalf("write ended after %d of %d bytes: %v", n, len(frame), err)
			}
			failed, ok := c.next().(*wire.V1Error)
			if !ok || failed.ID != "" || failed.Code != wire.CodeFrameTooLarge {
				t.Errorf("got %+v", failed)
			}
			c.ended()
		})
	}
	h.stop()
	if !strings.Contains(h.log.String(), "request_oversized") {
		t.Error("request_oversized is not in the log")
	}
}

func TestServer_PanicsWithoutARequiredPart(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("made a server of nothing")
		}
	}()
	newEmptyServer()
}

func TestServer_CloseCutsWhatDoesNotEnd(t *testing.T) {
	ended := make(chan error, 1)
	h := startWith(t, options{
		limits:   queue.Limits{Active: 1},
		backends: []backend.Backend{&scripted{generate: endless(ended)}},
	})
	c := h.dial(transport.V1)
	c.send(ask("1", ""))
	h.settled(1, 0)
	h.gate.Close()
	for _, ln := range h.listeners {
		ln.Close()
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no patience"))
	h.server.Close(ctx)
	await(t, ended, "the end of the request")
}
