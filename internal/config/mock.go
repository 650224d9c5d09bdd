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

// FailKinds are the values of Mock.FailKind.
var FailKinds = []string{"unavailable", "invalid", "internal"}

const maxMockTokens = 1 << 20

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
