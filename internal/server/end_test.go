package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/server"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// held is a backend whose requests stay where they are until they are
// cancelled or let go.
type held struct {
	began chan struct{}   // one for each request
	let   chan struct{}   // closed: answer
	ended chan error      // the cause of each cancelled request
	first []backend.Event // emitted before waiting
	also  wire.Usage      // reported at the end
}

func newHeld() *held {
	return &held{began: make(chan struct{}, 64), let: make(chan struct{}), ended: make(chan error, 64)}
}

func (b *held) generate(ctx context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	if b.first != nil {
		if err := emit(b.first); err != nil {
			return backend.Result{}, err
		}
	}
	b.began <- struct{}{}
	select {
	case <-b.let:
		return backend.Result{Stop: wire.StopEnd, Usage: b.also}, nil
	case <-ctx.Done():
		b.ended <- context.Cause(ctx)
		return backend.Result{Stop: wire.StopCancelled, Usage: b.also}, nil
	}
}

// settled waits until the gate's counts are as wanted.
func (h *harness) settled(active, waiting int) {
	h.t.Helper()
	deadline := time.Now().Add(giveUp)
	for {
		s := h.gate.Stats()
		if s.Active == active && s.Waiting == waiting {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("the queue stays at %+v, want %d active and %d waiting", s, active, waiting)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestV1_ClientGoneWhileRunningFreesItsTurn(t *testing.T) {
	stages := map[string][]backend.Event{
		"prefill": nil,
		"decode":  text("some"),
	}
	for stage, first := range stages {
		t.Run(stage, func(t *testing.T) {
			b := newHeld()
			b.first = first
			h := start(t, b.generate)
			c := h.dial(transport.V1)
			c.send(ask("1", ""), ask("2", "")) // the second is never begun
			await(t, b.began, "the request")
			c.Close()
			if err := await(t, b.ended, "the cancel"); err == nil || !strings.Contains(err.Error(), "gone") {
				t.Errorf("cancelled for %v, want the client being gone", err)
			}
			h.settled(0, 0)
			if n := h.gate.Stats().Admitted; n != 1 {
				t.Errorf("%d requests were admitted, want the first only", n)
			}
		})
	}
}

func TestV1_ClientGoneWhileWaitingFreesItsPlace(t *testing.T) {
	b := newHeld()
	h := startWith(t, options{
		limits: queue.Limits{Active: 1, Waiting: 1}, backends: []backend.Backend{&scripted{generate: b.generate}},
	})
	running, waiting, next := h.dial(transport.V1), h.dial(transport.V1), h.dial(transport.V1)
	running.send(ask("1", ""))
	await(t, b.began, "the first request")
	waiting.send(ask("2", ""))
	h.settled(1, 1)
	waiting.Close()
	h.settled(1, 0)
	next.send(ask("3", ""))
	h.settled(1, 1)
	close(b.let)
	for _, c := range []*client{running, next} {
		if _, last := c.answer(); !isDone(last, wire.StopEnd) {
			t.Errorf("got %+v", last)
		}
	}
	if len(b.began) != 1 { // the third; the second never reached the backend
		t.Errorf("%d more requests reached the backend, want 1", len(b.began))
	}
}

func isDone(f wire.V1Response, stop wire.StopReason) bool {
	done, ok := f.(*wire.V1Done)
	return ok && done.StopReason == stop
}

func TestV1_HalfCloseWhileWaitingIsNoLeave(t *testing.T) {
	b := newHeld()
	h := startWith(t, options{
		limits: queue.Limits{Active: 1, Waiting: 1}, backends: []backend.Backend{&scripted{generate: b.generate}},
	})
	first, second := h.dial(transport.V1), h.dial(transport.V1)
	first.send(ask("1", ""))
	await(t, b.began, "the first request")
	second.send(ask("2", ""))
	second.closeWrite()
	h.settled(1, 1)
	close(b.let)
	if _, last := second.answer(); !isDone(last, wire.StopEnd) {
		t.Errorf("got %+v", last)
	}
}

func TestV1_DeadlineEndsWithWhatThereIs(t *testing.T) {
	b := newHeld()
	b.first, b.also = text("half of"), wire.Usage{PromptTokens: 5, CompletionTokens: 2}
	h := startWith(t, options{
		limits: queue.Limits{Active: 1, Waiting: 1}, backends: []backend.Backend{&scripted{generate: b.generate}},
	})
	running, waiting := h.dial(transport.V1), h.dial(transport.V1)
	running.send(ask("1", ""))
	await(t, b.began, "the request without a deadline")
	waiting.send(ask("2", `,"deadline_ms":1`))
	done, ok := waiting.next().(*wire.V1Done)
	if !ok || done.StopReason != wire.StopCancelled || done.Content != "" || done.Backend != "" {
		t.Errorf("deadline in the queue: got %+v, want done, cancelled, with nothing", done)
	}
	running.Close()
	h.settled(0, 0)

	waiting.send(ask("3", `,"deadline_ms":1000`))
	tokens, last := waiting.answer()
	done, ok = last.(*wire.V1Done)
	if !ok || done.StopReason != wire.StopCancelled || tokens != "half of" || done.Content != tokens || done.Usage != b.also {
		t.Errorf("deadline in the answer: got %q and %+v", tokens, last)
	}
}

func TestV1_ShutdownCancelsRunningAndRefusesWaiting(t *testing.T) {
	b := newHeld()
	b.first = text("half")
	h := startWith(t, options{
		limits: queue.Limits{Active: 1, Waiting: 1}, backends: []backend.Backend{&scripted{generate: b.generate}},
	})
	running, waiting, idle := h.dial(transport.V1), h.dial(transport.V1), h.dial(transport.V1)
	running.send(ask("1", ""))
	await(t, b.began, "the request")
	waiting.send(ask("2", ""))
	h.settled(1, 1)

	h.gate.Close()
	refused, ok := waiting.next().(*wire.V1Error)
	if !ok || refused.Code != wire.CodeBackendUnavailable || !strings.Contains(refused.Message, "draining") {
		t.Errorf("the waiting request got %+v", refused)
	}
	waiting.send(ask("3", "")) // the connection is kept
	if refused, ok = waiting.next().(*wire.V1Error); !ok || refused.ID != "3" || !strings.Contains(refused.Message, "draining") {
		t.Errorf("a new request got %+v", refused)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.server.WaitFinished(ctx); err == nil {
		t.Error("the server says that it has finished")
	}
	h.cancelRequests(server.ErrShutdown)
	if tokens, last := running.answer(); tokens != "half" || !isDone(last, wire.StopCancelled) {
		t.Errorf("the running request got %q and %+v", tokens, last)
	}
	if err := h.server.WaitFinished(t.Context()); err != nil {
		t.Error(err)
	}
	h.stop()
	for _, c := range []*client{running, waiting, idle} {
		c.ended()
	}
}

func TestV1_ProgressTellsPositionAndPrefill(t *testing.T) {
	b := newHeld()
	b.first = []backend.Event{{Kind: backend.EventPrefill, Done: 3, Total: 9}}
	h := startWith(t, options{
		limits: queue.Limits{Active: 1, Waiting: 2}, backends: []backend.Backend{&scripted{generate: b.generate}},
	})
	first, second, third := h.dial(transport.V1), h.dial(transport.V1), h.dial(transport.V1)
	first.send(ask("1", ""))
	await(t, b.began, "the first request")
	second.send(ask("2", ""))
	h.settled(1, 1)
	third.send(ask("3", `,"progress":true`))
	expectStatus(t, third, wire.V1Status{ID: "3", Status: "queued", Position: 2})
	second.Close()
	expectStatus(t, third, wire.V1Status{ID: "3", Status: "queued", Position: 1})
	close(b.let)
	expectStatus(t, third, wire.V1Status{ID: "3", Status: "prefill", Done: 3, Total: 9})
	if last := third.next(); !isDone(last, wire.StopEnd) {
		t.Errorf("got %+v", last)
	}
	if last := first.next(); !isDone(last, wire.StopEnd) {
		t.Errorf("the one that did not ask for progress got %+v first", last)
	}
}

func expectStatus(t *testing.T, c *client, want wire.V1Status) {
	t.Helper()
	if got, ok := c.next().(*wire.V1Status); !ok || *got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}
