package backendtest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// errBroken is what emit answers once the contract is broken.
var errBroken = errors.New("the backend broke the contract of emit")

// recorder is the other end of an emit: it checks each call and each event,
// and keeps them.
type recorder struct {
	testing.TB
	progress bool
	chat     *backend.Chat // of the request, if it has one
	then     func(*recorder) error

	inside atomic.Bool
	// forbidden says after what no call of emit may come any more.
	forbidden atomic.Pointer[string]

	// The rest belongs to the call of emit, and to everyone once Generate
	// has returned.
	pieces   []string // of text
	tokens   int
	prefills int
	prefill  int      // Done of the last EventPrefill
	thoughts []string // of thinking
	calls    []*backend.ToolCall
	failure  error // what emit answered, if it failed
}

// forbid makes every further call of emit an error, since what has happened.
func (r *recorder) forbid(what string) { r.forbidden.CompareAndSwap(nil, &what) }

func (r *recorder) emit(events []backend.Event) error {
	if !r.inside.CompareAndSwap(false, true) {
		r.Error("emit was called while another call of it was running")
		return errBroken
	}
	defer r.inside.Store(false)
	if what := r.forbidden.Load(); what != nil {
		r.Errorf("emit was called after %s", *what)
		return errBroken
	}
	for _, e := range events {
		r.record(e)
	}
	if r.then == nil {
		return nil
	}
	if err := r.then(r); err != nil {
		r.failure = err
		r.forbid("emit had returned an error")
		return err
	}
	return nil
}

func (r *recorder) record(e backend.Event) {
	switch e.Kind {
	case backend.EventText:
		if e.Text == "" || !utf8.ValidString(e.Text) {
			r.Errorf("text %q: want some, and whole UTF-8", e.Text)
		}
		if e.Tokens < 0 {
			r.Errorf("text came from %d tokens", e.Tokens)
		}
		r.pieces = append(r.pieces, e.Text)
		r.tokens += e.Tokens
	case backend.EventPrefill:
		if !r.progress {
			r.Error("an EventPrefill, but the request did not ask for progress")
		}
		if e.Done < r.prefill || e.Done > e.Total || len(r.pieces) > 0 {
			r.Errorf("prefill at %d of %d after one at %d and %d pieces of text", e.Done, e.Total, r.prefill, len(r.pieces))
		}
		r.prefill = e.Done
		r.prefills++
	case backend.EventThinking:
		if e.Text == "" || !utf8.ValidString(e.Text) {
			r.Errorf("thinking %q: want some, and whole UTF-8", e.Text)
		}
		if r.chat == nil {
			r.Error("thinking for a request without a Chat")
		}
		r.thoughts = append(r.thoughts, e.Text)
		r.tokens += e.Tokens
	case backend.EventToolUse:
		r.recordCall(e.Call)
		r.tokens += e.Tokens
	default:
		r.Errorf("an event of kind %d, which the contract does not know", e.Kind)
	}
}

// recordCall checks that a tool call is whole, and of a tool that there is.
func (r *recorder) recordCall(call *backend.ToolCall) {
	if call == nil || r.chat == nil {
		r.Errorf("tool call %v for a request with Chat %v", call, r.chat != nil)
		return
	}
	known := slices.ContainsFunc(r.chat.Tools, func(t wire.Tool) bool { return t.Name == call.Name })
	var input map[string]any
	if err := json.Unmarshal(call.Input, &input); err != nil || !known || call.ID == "" || input == nil {
		r.Errorf("tool call %q of %q with input %q: want an id, a tool of the request and a JSON object", call.ID, call.Name, call.Input)
	}
	if slices.ContainsFunc(r.calls, func(other *backend.ToolCall) bool { return other.ID == call.ID }) {
		r.Errorf("two tool calls have the id %q", call.ID)
	}
	r.calls = append(r.calls, call)
}

func (r *recorder) text() string { return strings.Join(r.pieces, "") }
