package config

import "time"

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

// fields are the keys of a mock.
func (m *Mock) fields() []field {
	return []field{
		bind("model", &m.Model, text(nil)),
		texts("tokens", &m.Tokens),
		bind("echo", &m.Echo, truth),
		bind("loop", &m.Loop, truth),
		bind("n_ctx", &m.NCtx, whole(0, maxCtx)),
		bind("slots", &m.Slots, whole(0, maxActive)),
		bind("ready_delay_ms", &m.ReadyDelay, delay),
		bind("first_delay_ms", &m.FirstDelay, delay),
		bind("token_delay_ms", &m.TokenDelay, delay),
		bind("fail_before", &m.FailBefore, truth),
		bind("fail_after_tokens", &m.FailAfterTokens, optionalWhole(0, maxMockTokens)),
		bind("fail_kind", &m.FailKind, word(FailKinds)),
	}
}

// optionalWhole accepts whole numbers where there may be none.
func optionalWhole(low, high int) form[*int] {
	return form[*int]{
		parse: func(v value) (*int, error) {
			n, err := whole(low, high).parse(v)
			return &n, err
		},
		show: func(n *int) any {
			if n == nil {
				return nil
			}
			return *n
		},
	}
}

// check is what no single key is to blame for.
func (m *Mock) check(r *reader, key string) {
	if m.Echo && len(m.Tokens) > 0 {
		r.problemAt(key+".echo", "not allowed beside tokens")
	}
}
