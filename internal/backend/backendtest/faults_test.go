package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite_PassesWhatKeepsTheContract(t *testing.T) {
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if complaints := judge(t, check.name, newFaulty(func(*faulty) {})); complaints != "" {
					t.Error(complaints)
				}
			})
		})
	}
}

// TestSuite_CatchesEveryFault breaks a backend in one way at a time and names
// the check that must notice, and a part of what it must say.
func TestSuite_CatchesEveryFault(t *testing.T) {
	tests := []struct {
		fault  string
		check  string
		says   string
		damage func(*faulty)
	}{
		{"the name changes", "StaysTheSame", "the name is", changingName},
		{"no name", "StaysTheSame", "no name", func(f *faulty) { f.name = func() string { return "" } }},
		{"the capabilities change", "StaysTheSame", "capabilities are", changingCaps},
		{"can't generate", "StaysTheSame", "of a backend that generates", func(f *faulty) {
			f.caps = func() backend.Capabilities { return backend.Capabilities{} }
		}},
		{"empty text", "Answers", `text ""`, onEvent(func(e backend.Event) []backend.Event {
			return []backend.Event{e, {Kind: backend.EventText}}
		})},
		{"half a character", "Answers", `text " thr\xc3"`, onEvent(splitCharacter)},
		{"too many tokens in the events", "Answers", "the events", onEvent(func(e backend.Event) []backend.Event {
			e.Tokens++
			return []backend.Event{e}
		})},
		{"too few tokens in the events", "Answers", "the events carry", onEvent(func(e backend.Event) []backend.Event {
			e.Tokens = 0
			return []backend.Event{e}
		})},
		{"less than no tokens", "Answers", "came from -1 tokens", onEvent(func(e backend.Event) []backend.Event {
			e.Tokens = -1
			return []backend.Event{e}
		})},
		{"an unknown event", "Answers", "kind 99", onEvent(func(e backend.Event) []backend.Event {
			return []backend.Event{e, {Kind: 99}}
		})},
		{"prefill unasked", "Answers", "did not ask", onEvent(func(e backend.Event) []backend.Event {
			return []backend.Event{{Kind: backend.EventPrefill, Total: 1}, e}
		})},
		{"prefill goes back", "ReportsPrefill", "prefill at 0", onEvent(func(e backend.Event) []backend.Event {
			return []backend.Event{e, {Kind: backend.EventPrefill, Done: 0, Total: 3}}
		})},
		{"prefill of more than the prompt", "ReportsPrefill", "of 3 prompt tokens", onEvent(func(e backend.Event) []backend.Event {
			e.Done, e.Total = 2*e.Done, 2*e.Total
			return []backend.Event{e}
		})},
		{"in one piece", "Answers", "want three or more", onEvent(joined())},
		{"no prompt tokens", "Answers", "no prompt tokens", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Usage.PromptTokens = 0
			return r, err
		})},
		{"more cached than asked", "Answers", "does not add up", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Usage.CachedTokens = 1000
			return r, err
		})},
		{"longer than it took", "Answers", "Decode is", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Decode += time.Hour
			return r, err
		})},
		{"an error stop without an error", "Answers", `stop is "error"`, onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Stop = wire.StopError
			return r, err
		})},
		{"another answer each time", "RepeatsItself", "two answers", onEvent(numbered())},
		{"a foreign error", "RefusesInvalid", "want a *backend.Error", onError(func(err error) error { return errors.New(err.Error()) })},
		{"an error of no kind", "RefusesInvalid", "kind is Kind(0)", onError(func(error) error { return backend.Errorf(0, "no") })},
		{"an error of another kind", "RefusesInvalid", "one of kind invalid", onError(func(error) error { return backend.Errorf(backend.Unavailable, "no") })},
		{"an error without words", "RefusesInvalid", "no message", onError(func(error) error { return backend.Errorf(backend.Invalid, "") })},
		{"an error that tells the prompt", "RefusesInvalid", "text of the prompt", promptInError},
		{"max_tokens ignored", "HonoursMaxTokens", "allowed were", onRequest(func(ctx context.Context, r *backend.Request) (context.Context, *backend.Request) {
			return ctx, with(r, func(r *backend.Request) { r.Params.MaxTokens *= 2 })
		})},
		{"max_tokens not reached", "HonoursMaxTokens", "generated 0", onRequest(func(ctx context.Context, r *backend.Request) (context.Context, *backend.Request) {
			return ctx, with(r, func(r *backend.Request) { r.Params.MaxTokens-- })
		})},
		{"stop strings ignored", "HonoursStopStrings", "is in the answer", onRequest(func(ctx context.Context, r *backend.Request) (context.Context, *backend.Request) {
			return ctx, with(r, func(r *backend.Request) { r.Params.Stop = nil })
		})},
		{"stop strings seen in one piece only", "HonoursStopStrings", "is in the answer", stopsByPiece},
		{"stopped at one, but says another reason", "HonoursStopStrings", "want", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Stop = wire.StopLength
			return r, err
		})},
		{"loses what looked like a stop", "ReleasesWhatOnlyLookedLikeAStop", "two answers", losesTheEnd},
		{"a cancel as an error", "CancelledBeforeStart", "context canceled", cancelAsError},
		{"a cancel in the stream as an error", "CancelledInStream", "context canceled", cancelAsError},
		{"deaf before the start", "CancelledBeforeStart", "its context had ended", onRequest(deaf)},
		{"deaf in the prefill", "CancelledInPrefill", "its context had ended", onRequest(deaf)},
		{"deaf in the stream", "CancelledInStream", "its context had ended", onRequest(deaf)},
		{"an ended deadline as an end", "CancelledAtAnyMoment", `stop is "end"`, onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Stop = wire.StopEnd
			return r, err
		})},
		{"forgets the usage of a cancelled one", "CancelledInStream", "of an answer that had begun", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Usage.PromptTokens = 0
			return r, err
		})},
		{"deaf in its own line", "CancelledWhileFull", "has not returned", deafLine},
		{"emit's error swallowed", "StopsWhenEmitFails", "want emit's error", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			r.Stop = wire.StopCancelled
			return r, nil
		})},
		{"emit's error replaced", "StopsWhenEmitFails", "want emit's error", onEnd(func(r backend.Result, err error) (backend.Result, error) {
			return r, backend.Errorf(backend.Internal, "emit: %v", err)
		})},
		{"emits after emit's error", "StopsWhenEmitFails", "emit had returned an error", emitsTwice},
		{"one reader for all", "BlockedEmitHoldsUpNobody", "does not end while another's", oneReader},
		{"emits from two goroutines", "CancelledWhileFull", "another call of it was running", emitsTwiceAtOnce},
		{"turns the third away", "ServesManyAtOnce", "too many", turnsAway},
		{"answers mixed up", "ServesManyAtOnce", "two answers", mixedUp},
		{"emits after its return", "Answers", "Generate had returned", emitsLate},
	}
	for _, test := range tests {
		t.Run(strings.ReplaceAll(test.fault, " ", "_"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				complaints := judge(t, test.check, newFaulty(test.damage))
				if !strings.Contains(complaints, test.says) {
					t.Errorf("%s said %q, want %q in it", test.check, complaints, test.says)
				}
			})
		})
	}
}

func TestSuite_CatchesALeftGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		b := newFaulty(func(f *faulty) {
			f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
				go func() { <-end }()
				return f.Backend.Generate(ctx, req, emit)
			}
		})
		if complaints := judge(t, "LeavesNothingBehind", b); !strings.Contains(complaints, "goroutines are left") {
			t.Errorf("LeavesNothingBehind said %q", complaints)
		}
	})
}

func changingName(f *faulty) {
	calls := 0
	f.name = func() string { calls++; return fmt.Sprint("mock", calls) }
}

func changingCaps(f *faulty) {
	calls := 0
	f.caps = func() backend.Capabilities {
		calls++
		return backend.Capabilities{Generate: true, ContextTokens: calls}
	}
}

func splitCharacter(e backend.Event) []backend.Event {
	head, tail, ok := strings.Cut(e.Text, "\xa9")
	if !ok {
		return []backend.Event{e}
	}
	return []backend.Event{
		{Kind: e.Kind, Text: head, Tokens: e.Tokens}, {Kind: e.Kind, Text: "\xa9" + tail},
	}
}

// joined puts the whole of a short answer into one event.
func joined() func(backend.Event) []backend.Event {
	all := backend.Event{Kind: backend.EventText}
	return func(e backend.Event) []backend.Event {
		all.Text += e.Text
		if all.Tokens += e.Tokens; all.Tokens < 20 {
			return nil
		}
		return []backend.Event{all}
	}
}

func numbered() func(backend.Event) []backend.Event {
	var n atomic.Int64
	return func(e backend.Event) []backend.Event {
		e.Text += fmt.Sprint(n.Add(1))
		return []backend.Event{e}
	}
}

func onError(change func(error) error) func(*faulty) {
	return onEnd(func(r backend.Result, err error) (backend.Result, error) {
		if err != nil {
			err = change(err)
		}
		return r, err
	})
}

func promptInError(f *faulty) {
	f.generate = func(_ context.Context, req *backend.Request, _ func([]backend.Event) error) (backend.Result, error) {
		return backend.Result{}, backend.Errorf(backend.Invalid, "too long: %s", req.Messages[0].Content)
	}
}

func deaf(ctx context.Context, r *backend.Request) (context.Context, *backend.Request) {
	return context.WithoutCancel(ctx), r
}

func cancelAsError(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		result, err := f.Backend.Generate(ctx, req, emit)
		if result.Stop == wire.StopCancelled {
			err = &backend.Error{Kind: backend.Unavailable, Message: "gone", Err: ctx.Err()}
		}
		return result, err
	}
}

// stopsByPiece sees a stop string only where one piece of text holds it whole.
func stopsByPiece(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		blind := with(req, func(r *backend.Request) { r.Params.Stop = nil })
		stopped := false
		result, err := f.Backend.Generate(ctx, blind, func(events []backend.Event) error {
			for _, stop := range req.Params.Stop {
				if strings.Contains(events[0].Text, stop) {
					stopped = true
					cancel()
					return nil
				}
			}
			return emit(events)
		})
		if stopped {
			result.Stop = wire.StopEnd
		}
		return result, err
	}
}

// losesTheEnd drops the last piece of an answer with stop strings.
func losesTheEnd(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		n := 0
		return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
			if n += events[0].Tokens; len(req.Params.Stop) > 0 && n == req.Params.MaxTokens {
				return nil
			}
			return emit(events)
		})
	}
}

// deafLine keeps to its slots, with a line that nobody can leave.
func deafLine(f *faulty) {
	slots := make(chan struct{}, f.caps().Slots)
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		slots <- struct{}{}
		defer func() { <-slots }()
		return f.Backend.Generate(ctx, req, emit)
	}
}

func emitsTwice(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
			err := emit(events)
			if err != nil {
				_ = emit(events)
			}
			return err
		})
	}
}

func emitsTwiceAtOnce(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
			var both sync.WaitGroup
			both.Go(func() { _ = emit(events) })
			both.Go(func() { _ = emit(events) })
			both.Wait()
			return nil
		})
	}
}

// oneReader emits the events of all requests one after another.
func oneReader(f *faulty) {
	turn := make(chan struct{}, 1)
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
			turn <- struct{}{}
			defer func() { <-turn }()
			return emit(events)
		})
	}
}

func turnsAway(f *faulty) {
	var running atomic.Int64
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		defer running.Add(-1)
		if running.Add(1) > 2 {
			return backend.Result{}, backend.Errorf(backend.Unavailable, "too many")
		}
		return f.Backend.Generate(ctx, req, emit)
	}
}

// mixedUp gives a request that runs beside another an event of that one.
func mixedUp(f *faulty) {
	var running atomic.Int64
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		defer running.Add(-1)
		running.Add(1)
		return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
			if running.Load() > 1 {
				return emit([]backend.Event{{Kind: backend.EventText, Text: "not yours", Tokens: events[0].Tokens}})
			}
			return emit(events)
		})
	}
}

func emitsLate(f *faulty) {
	f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
		// The bubble's clock stands still until everyone waits, so Generate
		// has returned by then.
		defer time.AfterFunc(time.Millisecond, func() {
			_ = emit([]backend.Event{{Kind: backend.EventText, Text: "late"}})
		})
		return f.Backend.Generate(ctx, req, emit)
	}
}
