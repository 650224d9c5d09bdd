package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailscale/hujson"
)

// Mock is the script of a backend that only pretends.
type Mock struct {
	// Model is the model that it claims to run.
	Model string
	// Tokens is the answer, piece by piece; none is a fixed sentence.
	Tokens []string
	// Echo answers with the words of the last user message instead.
	Echo bool
	// Loop repeats the answer until something else ends it.
	Loop bool
	// NoGenerate takes generation from what it can do.
	NoGenerate bool
	// Thinking comes before the answer, on the typed surfaces.
	Thinking []string
	// ToolCalls end every answer to a request with tools.
	ToolCalls []MockCall
	// Vision and AudioSampleRate are the media that it takes; 0 is no audio.
	Vision          bool
	AudioSampleRate int
	// Structured claims that it enforces tool choices and formats.
	Structured bool
	// Dimensions is the size of the vectors that it makes; 0 is none.
	Dimensions int
	// Rerank scores documents by the words that they share with the query.
	Rerank bool
	// NCtx bounds prompt and answer, in tokens; 0 is no bound.
	NCtx int
	// Slots is how many requests run at once; 0 is no limit.
	Slots int
	// ReadyDelay is before the first request, FirstDelay before the first
	// token, TokenDelay before each other.
	ReadyDelay, FirstDelay, TokenDelay time.Duration
	// FailBefore fails every request before its first token, FailAfterTokens
	// after so many; nil is never.
	FailBefore      bool
	FailAfterTokens *int
	// FailKind is the kind of those failures: one of FailKinds, or empty for
	// the first.
	FailKind string
}

// MockCall is a scripted tool call.
type MockCall struct {
	Name string
	// Input is a JSON object.
	Input []byte
}

// FailKinds are the values of Mock.FailKind.
var FailKinds = []string{"unavailable", "invalid", "internal"}

const (
	maxMockTokens = 1 << 20
	maxSampleRate = 1 << 20 // in Hz
	maxDimensions = 1 << 16
)

// mockFields are the keys of a mock.
func (r *reader) mockFields(m *Mock) []field {
	return []field{
		{name: "model", set: text(nil, func(s string) { m.Model = s })},
		{name: "tokens", walk: func(key string, v hujson.Value) {
			if m.Echo {
				r.problem(v, key, "not allowed beside echo")
			}
			m.Tokens = r.strings(key, v)
		}},
		{name: "echo", set: boolean(func(b bool) error {
			if b && len(m.Tokens) > 0 {
				return errors.New("not allowed beside tokens")
			}
			m.Echo = b
			return nil
		})},
		{name: "loop", set: boolean(func(b bool) error { m.Loop = b; return nil })},
		{name: "generate", set: boolean(func(b bool) error { m.NoGenerate = !b; return nil })},
		{name: "thinking", walk: func(key string, v hujson.Value) { m.Thinking = r.strings(key, v) }},
		{name: "tool_calls", walk: func(key string, v hujson.Value) { m.ToolCalls = r.mockCalls(key, v) }},
		{name: "vision", set: boolean(func(b bool) error { m.Vision = b; return nil })},
		{name: "audio_sample_rate", set: integer(0, maxSampleRate, func(n int) { m.AudioSampleRate = n })},
		{name: "structured", set: boolean(func(b bool) error { m.Structured = b; return nil })},
		{name: "dimensions", set: integer(0, maxDimensions, func(n int) { m.Dimensions = n })},
		{name: "rerank", set: boolean(func(b bool) error { m.Rerank = b; return nil })},
		{name: "n_ctx", set: integer(0, maxCtx, func(n int) { m.NCtx = n })},
		{name: "slots", set: integer(0, maxActive, func(n int) { m.Slots = n })},
		{name: "ready_delay_ms", set: delay(func(d time.Duration) { m.ReadyDelay = d })},
		{name: "first_delay_ms", set: delay(func(d time.Duration) { m.FirstDelay = d })},
		{name: "token_delay_ms", set: delay(func(d time.Duration) { m.TokenDelay = d })},
		{name: "fail_before", set: boolean(func(b bool) error { m.FailBefore = b; return nil })},
		{name: "fail_after_tokens", set: integer(0, maxMockTokens, func(n int) { m.FailAfterTokens = &n })},
		{name: "fail_kind", set: text(checkFailKind, func(s string) { m.FailKind = s })},
	}
}

func checkFailKind(s string) error {
	if !slices.Contains(FailKinds, s) {
		return fmt.Errorf("it must be one of %s", oneOf(FailKinds))
	}
	return nil
}

// strings reads a list of strings.
func (r *reader) strings(key string, v hujson.Value) []string {
	list, ok := v.Value.(*hujson.Array)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be a list of strings", r.show(v))
		return nil
	}
	var all []string
	for i, element := range list.Elements {
		r.apply(fmt.Sprintf("%s[%d]", key, i), element, field{
			set: text(nil, func(s string) { all = append(all, s) }),
		})
	}
	return all
}

// mockCalls reads the scripted tool calls.
func (r *reader) mockCalls(key string, v hujson.Value) []MockCall {
	list, ok := v.Value.(*hujson.Array)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be a list of tool calls", r.show(v))
		return nil
	}
	var all []MockCall
	for i, element := range list.Elements {
		in := fmt.Sprintf("%s[%d]", key, i)
		call := MockCall{Input: []byte("{}")}
		seen := r.object(in, element, []field{
			{name: "name", set: text(checkName, func(s string) { call.Name = s })},
			{name: "input", walk: func(key string, v hujson.Value) {
				if v.Value.Kind() != '{' {
					r.problem(v, key, "%s is not allowed: it must be an object", r.show(v))
					return
				}
				v = v.Clone() // standard JSON, without comments
				v.Standardize()
				v.Minimize()
				call.Input = v.Pack()
			}},
		})
		if seen != nil && !seen["name"] {
			r.problem(element, in+".name", "missing")
		}
		all = append(all, call)
	}
	return all
}
