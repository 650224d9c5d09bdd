package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// fake is a backend that is never called.
type fake struct {
	backend.Unsupported
	name  string
	caps  backend.Capabilities
	ready bool
}

func (f *fake) Name() string                       { return f.name }
func (f *fake) Capabilities() backend.Capabilities { return f.caps }
func (f *fake) Ready() bool                        { return f.ready }

func (f *fake) Generate(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error) {
	panic("the router called a backend")
}

func generator(name string) *fake {
	return &fake{name: name, caps: backend.Capabilities{Generate: true}, ready: true}
}

var generate = Need{Generate: true}

func TestRouter_TakesTheFirstReadyAndCapable(t *testing.T) {
	embedder := &fake{name: "embedder", ready: true}
	first, second := generator("first"), generator("second")
	r := New([]backend.Backend{embedder, first, second})

	expectPick(t, r, "first", nil)
	first.ready = false
	expectPick(t, r, "second", nil)
	second.ready = false
	expectPick(t, r, "", ErrNotReady)
	first.ready = true
	expectPick(t, r, "first", nil)
}

func TestRouter_NeverGeneratesOnAnEmbedder(t *testing.T) {
	r := New([]backend.Backend{&fake{name: "embedder", ready: true}})
	expectPick(t, r, "", ErrNone)
	expectPick(t, New(nil), "", ErrNone)
}

func expectPick(t *testing.T, r *Router, name string, want error) {
	t.Helper()
	b, done, err := r.Pick(generate)
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("error %v, want %v", err, want)
	}
	if want != nil {
		if b != nil || done != nil {
			t.Errorf("a backend or a done beside error %v", err)
		}
		return
	}
	defer done(OK)
	if b.Name() != name {
		t.Errorf("picked %s, want %s", b.Name(), name)
	}
}

func TestRouter_ErrorsAreTheMessagesOfTheWire(t *testing.T) {
	if got := ErrNone.Error(); got != wire.MsgNoBackend {
		t.Errorf("ErrNone is %q, want %q", got, wire.MsgNoBackend)
	}
	if got := ErrNotReady.Error(); got != wire.MsgBackendNotReady {
		t.Errorf("ErrNotReady is %q, want %q", got, wire.MsgBackendNotReady)
	}
}

func TestRouter_KeepsBooksByName(t *testing.T) {
	a, b := generator("a"), generator("b") // of one kind
	r := New([]backend.Backend{a, b})
	dispatch := func(o Outcome) {
		t.Helper()
		_, done, err := r.Pick(generate)
		if err != nil {
			t.Fatal(err)
		}
		done(o)
		done(OK) // ignored
	}
	for _, o := range []Outcome{OK, BackendFault, BackendFault, Cancelled} {
		dispatch(o)
	}
	a.ready = false
	for _, o := range []Outcome{CallerFault, OwnFault, 0, 99} {
		dispatch(o)
	}
	_, done, err := r.Pick(generate)
	if err != nil {
		t.Fatal(err)
	}
	want := []Stats{
		{Name: "a", OK: 1, BackendFault: 2, Cancelled: 1},
		{Name: "b", Running: 1, CallerFault: 1, OwnFault: 3},
	}
	if diff := cmp.Diff(want, r.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	done(OK)
	want[1].Running, want[1].OK = 0, 1
	if diff := cmp.Diff(want, r.Stats()); diff != "" {
		t.Errorf("stats at the end (-want +got):\n%s", diff)
	}
}

func TestRouter_BooksAddUpUnderLoad(t *testing.T) {
	r := New([]backend.Backend{generator("a")})
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 100 {
				_, done, err := r.Pick(generate)
				if err != nil {
					t.Errorf("pick: %v", err)
					return
				}
				var twice sync.WaitGroup
				twice.Go(func() { done(OK) })
				twice.Go(func() { done(OK) })
				twice.Wait()
			}
		})
	}
	group.Wait()
	want := []Stats{{Name: "a", OK: 1600}}
	if diff := cmp.Diff(want, r.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func TestNew_PanicsOnTwoOfOneName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New([]backend.Backend{generator("a"), generator("a")})
}

func TestOutcomeOf(t *testing.T) {
	failed := func(k backend.Kind) error {
		return fmt.Errorf("generate: %w", backend.Errorf(k, "scripted"))
	}
	tests := []struct {
		name string
		err  error
		stop wire.StopReason
		want Outcome
	}{
		{"end", nil, wire.StopEnd, OK},
		{"length", nil, wire.StopLength, OK},
		{"cancelled", nil, wire.StopCancelled, Cancelled},
		{"a stream that ended in an error", nil, wire.StopError, BackendFault},
		{"a stream that just ended", nil, "", BackendFault},
		{"an unknown reason", nil, "tired", BackendFault},
		{"unavailable", failed(backend.Unavailable), wire.StopError, BackendFault},
		{"unavailable after some text", failed(backend.Unavailable), wire.StopEnd, BackendFault},
		{"invalid", failed(backend.Invalid), "", CallerFault},
		{"internal", failed(backend.Internal), "", OwnFault},
		{"of no known kind", failed(99), "", OwnFault},
		{"emit failed", io.ErrClosedPipe, wire.StopCancelled, Cancelled},
		{"emit saw the context end", context.Canceled, "", Cancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := OutcomeOf(test.err, test.stop); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOutcome_NamesItself(t *testing.T) {
	names := []string{"Outcome(0)", "ok", "caller_fault", "backend_fault", "cancelled", "own_fault", "Outcome(6)"}
	for i, want := range names {
		if got := Outcome(i).String(); got != want {
			t.Errorf("Outcome(%d) is %q, want %q", i, got, want)
		}
	}
}
