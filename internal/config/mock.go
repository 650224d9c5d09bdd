package config

import (
	"encoding/json"
	"fmt"
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

// fields are the keys of a mock.
func (m *Mock) fields() []field {
	return []field{
		bind("model", &m.Model, text(nil)),
		texts("tokens", &m.Tokens),
		bind("echo", &m.Echo, truth),
		bind("loop", &m.Loop, truth),
		{name: "generate", set: func(v value) error {
			b, err := truth.parse(v)
			m.NoGenerate = err == nil && !b
			return err
		}, get: func() any { return !m.NoGenerate }},
		texts("thinking", &m.Thinking),
		{name: "tool_calls", walk: m.readCalls, list: m.listCalls},
		bind("vision", &m.Vision, truth),
		bind("audio_sample_rate", &m.AudioSampleRate, whole(0, maxSampleRate)),
		bind("structured", &m.Structured, truth),
		bind("dimensions", &m.Dimensions, whole(0, maxDimensions)),
		bind("rerank", &m.Rerank, truth),
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

// readCalls reads the scripted tool calls.
func (m *Mock) readCalls(r *reader, key string, v hujson.Value) {
	elements, ok := r.list(key, v, "a list of tool calls")
	if !ok {
		return
	}
	m.ToolCalls = make([]MockCall, len(elements))
	for i, element := range elements {
		m.ToolCalls[i].Input = []byte("{}")
		r.required(fmt.Sprintf("%s[%d]", key, i), element, m.ToolCalls[i].fields(), "name")
	}
}

func (m *Mock) listCalls(key string, add func(key string, f field)) {
	for i := range m.ToolCalls {
		for _, f := range m.ToolCalls[i].fields() {
			add(fmt.Sprintf("%s[%d].%s", key, i, f.name), f)
		}
	}
}

func (c *MockCall) fields() []field {
	return []field{
		bind("name", &c.Name, text(checkName)),
		{name: "input", get: func() any { return json.RawMessage(c.Input) }, walk: func(r *reader, key string, v hujson.Value) {
			if v.Value.Kind() != '{' {
				r.problem(v, key, "%s is not allowed: it must be an object", r.show(v))
				return
			}
			v = v.Clone() // standard JSON, without comments
			v.Standardize()
			v.Minimize()
			c.Input = v.Pack()
		}},
	}
}
