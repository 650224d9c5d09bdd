package mock

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// reader is the other end of a Generate: it keeps the events, and when each
// call of emit came.
type reader struct {
	start  time.Time
	events []backend.Event
	calls  []time.Duration
	sizes  []int
}

func (r *reader) emit(events []backend.Event) error {
	r.events = append(r.events, events...)
	r.calls = append(r.calls, time.Since(r.start))
	r.sizes = append(r.sizes, len(events))
	return nil
}

func (r *reader) text() string {
	var text strings.Builder
	for _, e := range r.events {
		text.WriteString(e.Text)
	}
	return text.String()
}

// play is one request to a new mock.
func play(t *testing.T, config Config, req *backend.Request) (*reader, backend.Result, error) {
	t.Helper()
	r := &reader{start: time.Now()}
	result, err := New(config).Generate(t.Context(), req, r.emit)
	return r, result, err
}

func text(s string, tokens int) backend.Event {
	return backend.Event{Kind: backend.EventText, Text: s, Tokens: tokens}
}

func TestGenerate_FollowsTheScript(t *testing.T) {
	withStop := func(req *backend.Request, stops ...string) *backend.Request {
		req.Params.Stop = stops
		return req
	}
	abc := []string{"a", "b", "c"}
	tests := []struct {
		name   string
		config Config
		req    *backend.Request
		events []backend.Event
		stop   wire.StopReason
		tokens int
	}{
		{"a script", Config{Tokens: abc}, ask("x", 10),
			[]backend.Event{text("a", 1), text("b", 1), text("c", 1)}, wire.StopEnd, 3},
		{"max_tokens in it", Config{Tokens: abc}, ask("x", 2),
			[]backend.Event{text("a", 1), text("b", 1)}, wire.StopLength, 2},
		{"max_tokens at its end", Config{Tokens: abc}, ask("x", 3),
			[]backend.Event{text("a", 1), text("b", 1), text("c", 1)}, wire.StopLength, 3},
		{"a loop", Config{Tokens: []string{"a", "b"}, Loop: true}, ask("x", 3),
			[]backend.Event{text("a", 1), text("b", 1), text("a", 1)}, wire.StopLength, 3},
		{"room in the context", Config{Tokens: abc, ContextTokens: 6}, ask("a prompt of four", 10),
			[]backend.Event{text("a", 1), text("b", 1)}, wire.StopLength, 2},
		{"echo", Config{Echo: true}, ask(" hello\nsmall  world ", 10),
			[]backend.Event{text("hello", 1), text(" small", 1), text(" world", 1)}, wire.StopEnd, 3},
		{"echo of nothing", Config{Echo: true, Loop: true}, ask("", 10), nil, wire.StopEnd, 0},
		{"a stop string", Config{Tokens: abc}, withStop(ask("x", 10), "b"),
			[]backend.Event{text("a", 1)}, wire.StopEnd, 2},
		{"a stop string over tokens", Config{Tokens: []string{"a 1", "2", "3 b"}}, withStop(ask("x", 10), "123"),
			[]backend.Event{text("a ", 1)}, wire.StopEnd, 3},
		{"half a stop string", Config{Tokens: []string{"a1", "2", "b"}}, withStop(ask("x", 10), "123"),
			[]backend.Event{text("a", 1), text("12b", 2)}, wire.StopEnd, 3},
		{"half a stop string at the end", Config{Tokens: []string{"a1", "2"}}, withStop(ask("x", 10), "123"),
			[]backend.Event{text("a", 1), text("12", 1)}, wire.StopEnd, 2},
		{"a character over tokens", Config{Tokens: []string{"\xf0\x9f", "\x98", "\x80!"}}, ask("x", 10),
			[]backend.Event{text("😀!", 3)}, wire.StopEnd, 3},
		{"half a character", Config{Tokens: []string{"a\xf0\x9f", "\x98"}}, ask("x", 10),
			[]backend.Event{text("a", 1), text("\uFFFD", 1)}, wire.StopEnd, 2},
		{"half a character that completes a stop string", Config{Tokens: []string{"a\xf0\x9f"}}, withStop(ask("x", 10), "\uFFFD"),
			[]backend.Event{text("a", 1)}, wire.StopEnd, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, result, err := play(t, test.config, test.req)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.events, r.events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if result.Stop != test.stop || result.Usage.CompletionTokens != test.tokens {
				t.Errorf("stop %q after %d tokens, want %q after %d",
					result.Stop, result.Usage.CompletionTokens, test.stop, test.tokens)
			}
		})
	}
}

func TestGenerate_AnswersWithoutAScript(t *testing.T) {
	r, result, err := play(t, Config{}, ask("How are you?", 1000))
	want := "This answer is a script: no model was asked."
	if err != nil || r.text() != want {
		t.Errorf("answer %q and error %v, want %q", r.text(), err, want)
	}
	if diff := cmp.Diff(wire.Usage{PromptTokens: 3, CompletionTokens: 11}, result.Usage); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

func TestGenerate_EchoesTheLastUserMessage(t *testing.T) {
	req := &backend.Request{
		Messages: []wire.Message{
			{Role: wire.RoleSystem, Content: "be brief"},
			{Role: wire.RoleUser, Content: "first"},
			{Role: wire.RoleUser, Content: "second message"},
			{Role: wire.RoleAssistant, Content: "third"},
		},
		Params: wire.Params{MaxTokens: 10},
	}
	r, result, err := play(t, Config{Echo: true}, req)
	if err != nil || r.text() != "second message" {
		t.Errorf("answer %q and error %v", r.text(), err)
	}
	if result.Usage.PromptTokens != 6 {
		t.Errorf("the prompt has %d tokens, want its 6 words", result.Usage.PromptTokens)
	}
}

func TestGenerate_KeepsTheScriptsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := Config{Tokens: []string{"a", "b", "c"}, FirstDelay: 5 * time.Second, TokenDelay: time.Second}
		req := ask("two words", 10)
		req.Progress = true
		r, result, err := play(t, config, req)
		if err != nil {
			t.Fatal(err)
		}
		prefill := func(done int) backend.Event {
			return backend.Event{Kind: backend.EventPrefill, Done: done, Total: 2}
		}
		events := []backend.Event{prefill(0), prefill(2), text("a", 1), text("b", 1), text("c", 1)}
		if diff := cmp.Diff(events, r.events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		calls := []time.Duration{0, 5 * time.Second, 5 * time.Second, 6 * time.Second, 7 * time.Second}
		if diff := cmp.Diff(calls, r.calls); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
		want := backend.Result{
			Stop: wire.StopEnd, Usage: wire.Usage{PromptTokens: 2, CompletionTokens: 3},
			Prefill: 5 * time.Second, FirstToken: 5 * time.Second, Decode: 2 * time.Second,
		}
		if diff := cmp.Diff(want, result); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	})
}

func TestGenerate_BatchesWhatTakesNoTime(t *testing.T) {
	r, _, err := play(t, Config{Loop: true}, ask("x", 40))
	if err != nil || !slices.Equal(r.sizes, []int{16, 16, 8}) {
		t.Errorf("batches of %v events and error %v, want 16, 16 and 8", r.sizes, err)
	}
}

func TestGenerate_FailsAsScripted(t *testing.T) {
	abc := []string{"a", "b", "c"}
	tests := []struct {
		name   string
		config Config
		kind   backend.Kind // 0: no failure
		text   string
	}{
		{"before the first token", Config{Tokens: abc, FailBefore: true}, backend.Unavailable, ""},
		{"before, as invalid", Config{Tokens: abc, FailBefore: true, FailKind: backend.Invalid}, backend.Invalid, ""},
		{"in the stream", Config{Tokens: abc, FailAfterTokens: new(2)}, backend.Unavailable, "ab"},
		{"in the stream, as internal", Config{Tokens: abc, FailAfterTokens: new(1), FailKind: backend.Internal}, backend.Internal, "a"},
		{"after no token", Config{Tokens: abc, FailAfterTokens: new(0)}, backend.Unavailable, ""},
		{"after the last token", Config{Tokens: abc, FailAfterTokens: new(3)}, backend.Unavailable, "abc"},
		{"later than it lasts", Config{Tokens: abc, FailAfterTokens: new(4)}, 0, "abc"},
		{"never", Config{Tokens: abc, FailAfterTokens: new(-1)}, 0, "abc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, result, err := play(t, test.config, ask("one two", 10))
			if r.text() != test.text {
				t.Errorf("text %q, want %q", r.text(), test.text)
			}
			usage := wire.Usage{PromptTokens: 2, CompletionTokens: len(test.text)}
			if diff := cmp.Diff(usage, result.Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
			if test.kind == 0 {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			failure, ok := errors.AsType[*backend.Error](err)
			if !ok || failure.Kind != test.kind || !strings.HasPrefix(failure.Message, "scripted failure") {
				t.Errorf("error %v, want a scripted failure of kind %v", err, test.kind)
			}
			if result.Stop != wire.StopError {
				t.Errorf("stop %q, want %q", result.Stop, wire.StopError)
			}
		})
	}
}

func TestGenerate_RefusesAPromptLongerThanTheContext(t *testing.T) {
	_, _, err := play(t, Config{ContextTokens: 3}, ask("one two three", 10))
	if backend.KindOf(err) != backend.Invalid || err.Error() != "the prompt has 3 tokens: allowed are fewer than the context's 3" {
		t.Errorf("error %v", err)
	}
}

func TestGenerate_CancelWinsOverAScriptedFailure(t *testing.T) {
	tests := map[string]struct {
		config Config
		at     func(backend.Event) bool // the event whose reader cancels
	}{
		"before the first token": {Config{FailBefore: true}, func(e backend.Event) bool { return e.Total > 0 && e.Done == e.Total }},
		"in the stream":          {Config{FailAfterTokens: new(3)}, func(e backend.Event) bool { return e.Kind == backend.EventText }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			req := ask("x", 10)
			req.Progress = true
			result, err := New(test.config).Generate(ctx, req, func(events []backend.Event) error {
				if slices.ContainsFunc(events, test.at) {
					cancel()
				}
				return nil
			})
			if err != nil || result.Stop != wire.StopCancelled || ctx.Err() == nil {
				t.Errorf("stop %q, error %v, cancelled %v; want a plain cancel", result.Stop, err, ctx.Err() != nil)
			}
		})
	}
}

func TestGenerate_CancelEndsEveryDelay(t *testing.T) {
	config := Config{Tokens: []string{"a", "b"}, FirstDelay: time.Hour, TokenDelay: time.Hour}
	for name, test := range map[string]struct {
		after time.Duration
		text  string
	}{
		"before the first token": {time.Minute, ""},
		"between tokens":         {90 * time.Minute, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.after)
				defer cancel()
				r := &reader{start: time.Now()}
				result, err := New(config).Generate(ctx, ask("x", 10), r.emit)
				if err != nil || result.Stop != wire.StopCancelled || r.text() != test.text {
					t.Errorf("text %q, stop %q, error %v", r.text(), result.Stop, err)
				}
				if took := time.Since(r.start); took != test.after {
					t.Errorf("returned after %v, want %v", took, test.after)
				}
			})
		})
	}
}

func TestBackend_IsReadyAfterItsDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{ReadyDelay: time.Minute})
		expect := func(ready bool) {
			t.Helper()
			if b.Ready() != ready {
				t.Fatalf("ready is %v, want %v", !ready, ready)
			}
			_, err := b.Generate(t.Context(), ask("x", 10), func([]backend.Event) error { return nil })
			if ready != (err == nil) {
				t.Fatalf("ready is %v, generate: %v", ready, err)
			}
			if err != nil && (backend.KindOf(err) != backend.Unavailable || !errors.Is(err, backend.ErrNotBegun)) {
				t.Fatalf("generate: %v", err)
			}
		}
		expect(false)
		<-time.After(time.Minute - 1)
		expect(false)
		<-time.After(1)
		expect(true)
		b.SetReady(false)
		expect(false)
		<-time.After(time.Hour)
		expect(false)
		b.SetReady(true)
		expect(true)
	})
}

func TestBackend_SaysWhatItsConfigSays(t *testing.T) {
	b := New(Config{Name: "script", Model: "none", Slots: 3, ContextTokens: 512})
	want := backend.Capabilities{Generate: true, V2: true, Tools: true, Thinking: true, Slots: 3, ContextTokens: 512, Model: "none", Accelerator: wire.AcceleratorCPU}
	if diff := cmp.Diff(want, b.Capabilities()); diff != "" || b.Name() != "script" {
		t.Errorf("name %q, capabilities (-want +got):\n%s", b.Name(), diff)
	}
	if name := New(Config{}).Name(); name != DefaultName {
		t.Errorf("a mock without a name is %q, want %q", name, DefaultName)
	}
}

// BenchmarkGenerate measures a token's cost at full speed.
func BenchmarkGenerate(b *testing.B) {
	mock := New(Config{Loop: true})
	tokens := 0
	b.ReportAllocs()
	_, err := mock.Generate(b.Context(), ask("x", b.N), func(events []backend.Event) error {
		tokens += len(events)
		return nil
	})
	if err != nil || tokens != b.N {
		b.Fatalf("%d tokens and %v, want %d", tokens, err, b.N)
	}
}
