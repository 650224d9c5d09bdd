package server_test

import (
	"context"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func TestV1_WaitsForABackendThatIsAway(t *testing.T) {
	b := mock.New(mock.Config{Tokens: []string{"here"}})
	b.SetReady(false)
	h := startWith(t, options{limits: queue.Limits{Active: 1}, backends: []backend.Backend{b}})
	c := h.dial(transport.V1)
	c.send(ask("1", `,"deadline_ms":30`))
	if last, ok := c.next().(*wire.V1Done); !ok || last.StopReason != wire.StopCancelled {
		t.Errorf("got %+v, want the end of a request whose deadline has passed", last)
	}
	c.send(ask("2", ""))
	b.SetReady(true)
	h.router.Changed()
	if first, ok := c.next().(*wire.V1Token); !ok || first.Content != "here" {
		t.Errorf("got %+v, want the answer", first)
	}
	c.next()
	b.SetReady(false)
	c.send(ask("3", ""))
	h.router.Close()
	if last, ok := c.next().(*wire.V1Error); !ok || last.Message != wire.MsgBackendNotReady {
		t.Errorf("got %+v, want a refusal by a daemon that stops", last)
	}
}

func TestV1_RefusesByTheBackendsOwnReason(t *testing.T) {
	const why = "the chat template of family X is not rendered yet"
	h := startWith(t, options{limits: queue.Limits{Active: 1}, backends: []backend.Backend{&scripted{unable: true, whyNot: why}}})
	c := h.dial(transport.V1)
	c.send(ask("1", ""))
	want := wire.V1Error{ID: "1", Code: "backend_unavailable", Message: why}
	if got, ok := c.next().(*wire.V1Error); !ok || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A worker that went away before it saw the request costs the caller nothing
// but time.
func TestV1_TriesAgainWhatWasNotBegun(t *testing.T) {
	tries := 0
	h := start(t, func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		if tries++; tries < 3 {
			return backend.Result{}, &backend.Error{Kind: backend.Unavailable, Message: "gone", Err: backend.ErrNotBegun}
		}
		return backend.Result{Stop: wire.StopEnd}, emit(text("third"))
	})
	c := h.dial(transport.V1)
	c.send(ask("1", ""))
	if first, ok := c.next().(*wire.V1Token); !ok || first.Content != "third" {
		t.Errorf("got %+v", first)
	}
}
