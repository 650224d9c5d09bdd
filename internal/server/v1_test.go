package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func TestV1_StreamsTokensAndOneDone(t *testing.T) {
	seed := uint32(7)
	var got *backend.Request
	h := start(t, func(_ context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		got = req
		if err := emit(append(text("Hel"), text("lo 🌍")...)); err != nil {
			return backend.Result{}, err
		}
		return backend.Result{
			Stop: wire.StopLength, Usage: wire.Usage{PromptTokens: 9, CompletionTokens: 2, CachedTokens: 4}, Seed: &seed,
		}, nil
	})
	c := h.dial(transport.V1)
	c.send(ask("a\\n1", `,"temperature":0,"max_tokens":2,"seed":7`))
	want := []wire.V1Response{
		&wire.V1Token{ID: "a\n1", Content: "Hel"},
		&wire.V1Token{ID: "a\n1", Content: "lo 🌍"},
		&wire.V1Done{
			ID: "a\n1", Content: "Hello 🌍", StopReason: wire.StopLength, Backend: "scripted", Seed: &seed,
			Usage: wire.Usage{PromptTokens: 9, CompletionTokens: 2, CachedTokens: 4},
		},
	}
	frames := []wire.V1Response{c.next(), c.next(), c.next()}
	if diff := cmp.Diff(want, frames, cmpopts.IgnoreFields(wire.V1Done{}, "Timings")); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	timings := frames[2].(*wire.V1Done).Timings
	if timings == nil || timings.FirstTokenMS < timings.QueueMS {
		t.Errorf("timings %+v, want the first token counted from receipt", timings)
	}
	if got.Params.MaxTokens != 2 || got.Params.Temperature != 0 || *got.Params.Seed != 7 || got.User != uint32(os.Getuid()) {
		t.Errorf("the backend got %+v, user %d", got.Params, got.User)
	}
}

func TestV1_WithoutStreamSendsOnlyTheTerminalFrame(t *testing.T) {
	h := start(t, func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		if err := emit(append([]backend.Event{{Kind: backend.EventPrefill, Done: 1, Total: 2}}, text("all of it")...)); err != nil {
			return backend.Result{}, err
		}
		return backend.Result{Stop: wire.StopEnd}, nil
	})
	c := h.dial(transport.V1)
	c.send(ask("1", `,"stream":false,"progress":true`))
	done, ok := c.next().(*wire.V1Done)
	if !ok || done.Content != "all of it" {
		t.Errorf("first frame is %+v, want done with the text", done)
	}
}

func TestV1_ErrorTable(t *testing.T) {
	full := queue.Limits{}
	fails := func(err error) generate {
		return func(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error) {
			return backend.Result{Stop: wire.StopError}, err
		}
	}
	ends := func(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error) {
		return backend.Result{}, nil
	}
	open := queue.Limits{Active: 1}
	tests := []struct {
		name    string
		limits  queue.Limits
		backend scripted
		request string
		want    wire.V1Error
		contain string // instead of want.Message
		closed  bool
	}{
		{"not JSON", open, scripted{}, `{"id":"1",`, wire.V1Error{Code: "invalid_request"}, "", true},
		{"wrong type", open, scripted{}, `{"id":"1","messages":"hello"}`, wire.V1Error{Code: "invalid_request"}, "messages", true},
		{"unknown role", open, scripted{}, `{"id":"1","messages":[{"role":"root","content":""}]}`, wire.V1Error{Code: "invalid_request"}, "role", true},
		{"missing messages", open, scripted{}, `{"id":"1"}`, wire.V1Error{Code: "invalid_request"}, "messages", true},
		{"empty messages", open, scripted{}, `{"id":"1","messages":[]}`, wire.V1Error{ID: "1", Code: "invalid_request"}, "messages", false},
		{"temperature", open, scripted{}, ask("1", `,"temperature":-1`), wire.V1Error{ID: "1", Code: "invalid_request"}, "temperature", false},
		{"top_p", open, scripted{}, ask("1", `,"top_p":7`), wire.V1Error{ID: "1", Code: "invalid_request"}, "top_p", false},
		{"max_tokens", open, scripted{}, ask("1", `,"max_tokens":0`), wire.V1Error{ID: "1", Code: "invalid_request"}, "max_tokens", false},
		{"grammar", open, scripted{}, ask("1", `,"grammar":"no root"`), wire.V1Error{ID: "1", Code: "invalid_request"}, "grammar", false},
		{"queue full", full, scripted{}, ask("1", ""), wire.V1Error{ID: "1", Code: "queue_full", Message: "queue full"}, "", false},
		{"no backend", open, scripted{unable: true}, ask("1", ""), wire.V1Error{ID: "1", Code: "backend_unavailable", Message: "no backend available"}, "", false},
		{"fails before the stream", open, scripted{generate: fails(backend.Errorf(backend.Unavailable, "worker died"))}, ask("1", ""),
			wire.V1Error{ID: "1", Code: "backend_unavailable", Message: "worker died"}, "", false},
		{"ends for no reason", open, scripted{generate: ends}, ask("1", ""),
			wire.V1Error{ID: "1", Code: "backend_unavailable", Message: "backend ended stream without terminal frame"}, "", false},
		{"prompt too long", open, scripted{generate: fails(backend.Errorf(backend.Invalid, "prompt has 9 tokens, 8 are allowed"))}, ask("1", ""),
			wire.V1Error{ID: "1", Code: "invalid_request", Message: "prompt has 9 tokens, 8 are allowed"}, "", false},
		{"bug in the backend", open, scripted{generate: fails(errors.New("index out of range"))}, ask("1", ""),
			wire.V1Error{ID: "1", Code: "internal", Message: "internal error"}, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := startWith(t, options{limits: test.limits, backends: []backend.Backend{&test.backend}})
			c := h.dial(transport.V1)
			c.send(test.request)
			got, ok := c.next().(*wire.V1Error)
			if !ok {
				t.Fatal("the first frame is no error")
			}
			if test.want.Message == "" {
				test.want.Message = got.Message
			}
			if *got != test.want || !strings.Contains(got.Message, test.contain) {
				t.Errorf("got %+v, want %+v with %q", *got, test.want, test.contain)
			}
			if test.closed {
				c.ended()
				return
			}
			// The connection is kept: an invalid request is answered on it.
			c.send(ask("2", `,"top_p":0`))
			if again, ok := c.next().(*wire.V1Error); !ok || again.ID != "2" {
				t.Errorf("after the error the connection answers %+v", again)
			}
		})
	}
}

func TestV1_FailureInTheStreamEndsItWithAnError(t *testing.T) {
	h := start(t, func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		if err := emit(text("Hel")); err != nil {
			return backend.Result{}, err
		}
		return backend.Result{Stop: wire.StopError}, backend.Errorf(backend.Unavailable, "worker died")
	})
	c := h.dial(transport.V1)
	c.send(ask("1", ""))
	tokens, last := c.answer()
	if failed, ok := last.(*wire.V1Error); tokens != "Hel" || !ok || failed.Code != wire.CodeBackendUnavailable {
		t.Errorf("got %q and %+v", tokens, last)
	}
	stats := h.router.Stats()
	if stats[0].BackendFault != 1 || stats[0].OK != 0 {
		t.Errorf("router counts %+v, want one fault of the backend", stats[0])
	}
}

func TestV1_PanicEndsItsSessionAlone(t *testing.T) {
	h := start(t, func(_ context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		if req.Messages[0].Content == "panic" {
			panic("a bug")
		}
		return says("fine")(t.Context(), req, emit)
	})
	c := h.dial(transport.V1)
	c.send(`{"id":"1","messages":[{"role":"user","content":"panic"}]}`)
	if failed, ok := c.next().(*wire.V1Error); !ok || failed.Code != wire.CodeInternal || failed.ID != "1" {
		t.Errorf("got %+v, want internal", failed)
	}
	c.ended()
	other := h.dial(transport.V1)
	other.send(ask("2", ""))
	if tokens, _ := other.answer(); tokens != "fine" {
		t.Errorf("another session got %q", tokens)
	}
	h.stop()
	if log := h.log.String(); !strings.Contains(log, "a bug") || !strings.Contains(log, "goroutine") {
		t.Errorf("the log has no stack of the panic:\n%s", log)
	}
}

func TestV1_AnswersPipelinedRequestsInOrder(t *testing.T) {
	h := start(t, says("a", "b"))
	c := h.dial(transport.V1)
	var lines []string
	for i := range 50 {
		switch i % 5 {
		case 1:
			lines = append(lines, ask(fmt.Sprint(i), `,"top_p":0`))
		case 2:
			lines = append(lines, "", ask(fmt.Sprint(i), `,"stream":false`)+"\r")
		default:
			lines = append(lines, ask(fmt.Sprint(i), ""))
		}
	}
	c.send(lines...)
	c.closeWrite()
	for i := range 50 {
		_, last := c.answer()
		if last.RequestID() != fmt.Sprint(i) {
			t.Fatalf("answer %d is for %q", i, last.RequestID())
		}
	}
	c.ended()
}

func TestV1_HalfClosedClientGetsItsWholeAnswer(t *testing.T) {
	half := make(chan struct{})
	h := start(t, func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		<-half
		return says("one ", "two ", "three")(ctx, req, emit)
	})
	c := h.dial(transport.V1)
	if _, err := io.WriteString(c, ask("1", "")); err != nil { // no newline: the end of the stream ends it
		t.Fatal(err)
	}
	c.closeWrite()
	close(half)
	tokens, last := c.answer()
	if done, ok := last.(*wire.V1Done); tokens != "one two three" || !ok || done.Content != tokens {
		t.Errorf("got %q and %+v", tokens, last)
	}
	c.ended()
}

func TestV1_LogsEveryOutcomeAndNoText(t *testing.T) {
	h := start(t, says("the-answer"))
	c := h.dial(transport.V1)
	c.send(ask("the-id", ""), ask("the-id", `,"stop":[""]`), `{"id":"the-id","messages":[{"role":"the-role","content":"the-prompt"}]}`)
	c.answer()
	c.answer()
	c.answer()
	c.ended()
	h.stop()
	log := h.log.String()
	for _, want := range []string{"outcome=end", "outcome=error code=invalid_request", "outcome=refused code=invalid_request", "completion_tokens=1", "app=", "uid="} {
		if !containsAll(log, strings.Fields(want)) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	for _, secret := range []string{"the-answer", "the-prompt", "the-role", "hello there"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// containsAll reports whether one line of the log has all the words.
func containsAll(log string, words []string) bool {
	for line := range strings.Lines(log) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return true
		}
	}
	return false
}
