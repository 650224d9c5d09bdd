package daemon_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// typedSurfaces carry the same messages.
var typedSurfaces = []transport.Surface{transport.V2, transport.Framed}

// builtin is a daemon on the built-in model, with no part of it a fake.
func builtin(t *testing.T) *daemontest.Daemon {
	t.Helper()
	return daemontest.OnEngine(t, enginetest.Worker(t), enginetest.Root(t))
}

func says(role wire.Role, text string) wire.V2Message {
	return wire.V2Message{Role: role, Content: []wire.Block{{Type: wire.BlockText, Text: text}}}
}

// greedy is a request at temperature 0.
func greedy(messages ...wire.V2Message) *wire.V2Request {
	r := &wire.V2Request{ID: "r", Messages: messages}
	r.Temperature, r.MaxTokens = new(0.0), new(int64(200))
	return r
}

func user(text string) *wire.V2Request { return greedy(says(wire.RoleUser, text)) }

// weather is a tool that the built-in model knows how to call.
var weather = []wire.Tool{{
	Name: "get_weather", Description: "Get the current weather in a city",
	InputSchema: []byte(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
}}

func withTool(r *wire.V2Request) *wire.V2Request {
	r.Tools = weather
	return r
}

func call(id, city string) wire.Piece {
	return wire.Piece{Type: wire.BlockToolUse, ToolCallID: id, Name: "get_weather", Input: []byte(`{"city":"` + city + `"}`)}
}

// expected is what the page of the built-in model lists as stable.
type expected struct {
	in             *wire.V2Request
	text, thinking string
	calls          []wire.Piece
	stop           wire.StopReason
}

func expectations() map[string]expected {
	ada := []wire.V2Message{says(wire.RoleUser, "My name is Ada."), says(wire.RoleAssistant, "Nice to meet you, Ada!"), says(wire.RoleUser, "What is my name?")}
	thinking := user("What is 7 + 8?")
	thinking.Thinking = new(true)
	stopped := user("Count from 1 to 10.")
	stopped.Stop = []string{", 5"}
	cut := withTool(user("What is the weather in Paris?"))
	cut.MaxTokens = new(int64(5))
	const thought = "I must work out 7 + 8. The result is 15."
	return map[string]expected{
		"plain":       {user("What is the capital of France?"), "The capital of France is Paris.", "", nil, wire.StopEndTurn},
		"two turns":   {greedy(ada...), "Your name is Ada.", "", nil, wire.StopEndTurn},
		"told how":    {greedy(says(wire.RoleSystem, "Answer in one word."), says(wire.RoleUser, "What is the capital of Japan?")), "Tokyo.", "", nil, wire.StopEndTurn},
		"thinks":      {greedy(says(wire.RoleSystem, "Think first."), says(wire.RoleUser, "What is 7 + 8?")), "7 plus 8 is 15.", thought, nil, wire.StopEndTurn},
		"has to":      {thinking, "7 plus 8 is 15.", thought, nil, wire.StopEndTurn},
		"a call":      {withTool(user("What is the weather in Paris?")), "", "", []wire.Piece{call("call_1", "Paris")}, wire.StopToolUse},
		"two calls":   {withTool(user("What is the weather in Rome and Oslo?")), "", "", []wire.Piece{call("call_1", "Rome"), call("call_2", "Oslo")}, wire.StopToolUse},
		"needs none":  {withTool(user("Hello!")), "Hello! How can I help you today?", "", nil, wire.StopEndTurn},
		"a cut call":  {cut, "", "", nil, wire.StopMaxTokens},
		"stop string": {stopped, "1, 2, 3, 4", "", nil, wire.StopSequence},
	}
}

func TestBuiltin_AnswersOnTheTypedSurfaces(t *testing.T) {
	d := builtin(t)
	for _, s := range typedSurfaces {
		for name, want := range expectations() {
			for _, stream := range []bool{true, false} {
				want.in.Stream = &stream
				got := d.Typed(s).Converse(want.in)
				if got.Text != want.text || got.Thinking != want.thinking {
					t.Errorf("%v, %s: text %q, thinking %q, want %q and %q", s, name, got.Text, got.Thinking, want.text, want.thinking)
				}
				if diff := cmp.Diff(want.calls, got.Calls); diff != "" {
					t.Errorf("%v, %s: calls (-want +got):\n%s", s, name, diff)
				}
				done, ok := got.Last.(*wire.V2Done)
				if !ok || done.StopReason != want.stop || done.ID != "r" || done.Usage.PromptTokens == 0 || done.Usage.CompletionTokens == 0 || done.Seed == nil {
					t.Errorf("%v, %s: ended with %+v", s, name, got.Last)
				}
				if whole := len(want.calls) + count(want.text) + count(want.thinking); !stream && len(got.Pieces) != whole {
					t.Errorf("%v, %s: %d pieces without stream, want %d", s, name, len(got.Pieces), whole)
				}
			}
		}
	}
}

// count is how many frames text is in where it does not stream.
func count(text string) int {
	if text == "" {
		return 0
	}
	return 1
}

// A client runs the call and sends call and result back, as they came.
func TestBuiltin_AnswersWithWhatAToolFound(t *testing.T) {
	d := builtin(t)
	for _, s := range typedSurfaces {
		c := d.Typed(s)
		r := withTool(user("What is the weather in Paris?"))
		first := c.Converse(r)
		if len(first.Calls) != 1 {
			t.Fatalf("%v: %+v", s, first)
		}
		made := first.Calls[0]
		r.Messages = append(r.Messages,
			wire.V2Message{Role: wire.RoleAssistant, Content: []wire.Block{{Type: wire.BlockToolUse, ToolCallID: made.ToolCallID, Name: made.Name, Input: made.Input}}},
			wire.V2Message{Role: wire.RoleUser, Content: []wire.Block{{Type: wire.BlockToolResult, ToolCallID: made.ToolCallID,
				Content: []wire.Block{{Type: wire.BlockText, Text: `{"temperature": 18, "condition": "sunny"}`}}}}})
		second := c.Converse(r)
		if second.Text != "The weather in Paris is sunny with 18 degrees." || len(second.Calls) > 0 {
			t.Errorf("%v: %+v", s, second)
		}
		// What the model wrote is what it reads: nothing of the first turn is computed again.
		before, after := first.Last.(*wire.V2Done).Usage, second.Last.(*wire.V2Done).Usage
		if after.CachedTokens < before.PromptTokens+before.CompletionTokens {
			t.Errorf("%v: %+v after %+v", s, after, before)
		}
	}
}

// Text without thinking and tools is the same on every surface of text.
func TestBuiltin_SaysTheSameOnEverySurface(t *testing.T) {
	d := builtin(t)
	for _, prompt := range []string{
		"What is the capital of France?", "Who are you?", "Count from 1 to 10.", "Tell me a story about a fox.",
		"What is the capital of Italy? Answer in JSON with the keys city and country.", "Who won the world cup in 1998?",
	} {
		c := d.V1()
		c.Ask("r", prompt, `,"temperature":0,"max_tokens":200`)
		want, _ := c.Answer()
		for _, s := range typedSurfaces {
			if got := d.Typed(s).Converse(user(prompt)); got.Text != want || want == "" {
				t.Errorf("%v: %q, v1 says %q", s, got.Text, want)
			}
		}
	}
}

// Characters that come in several tokens are not cut.
func TestBuiltin_SendsWholeCharacters(t *testing.T) {
	const want = "h\u00e9llo \U0001f600\U0001f680 \u65e5\u672c"
	d := builtin(t)
	for _, s := range typedSurfaces {
		r := user("Hello!")
		r.Grammar = new(`root ::= "h\u00e9llo \U0001F600\U0001F680 \u65e5\u672c"`)
		got := d.Typed(s).Converse(r)
		if got.Text != want {
			t.Errorf("%v: %q, want %q", s, got.Text, want)
		}
		for _, p := range got.Pieces {
			if p.Delta == "" || !utf8.ValidString(p.Delta) || strings.ContainsRune(p.Delta, utf8.RuneError) {
				t.Errorf("%v: a piece is %q", s, p.Delta)
			}
		}
	}
}

func TestBuiltin_SaysWhatItCanDo(t *testing.T) {
	d := builtin(t)
	admin := d.Admin()
	c, ok := admin.Event().(wire.Capabilities)
	if !ok || !c.V2 || !c.Tools || !c.Thinking || c.Vision || c.Audio || c.Embed || c.Rerank || c.StructuredOutput {
		t.Errorf("capabilities %+v", c)
	}
	for s, want := range map[transport.Surface]bool{
		transport.V1: true, transport.V2: true, transport.Framed: true, transport.Embed: false, transport.Rerank: false,
	} {
		if d.Bound(s) != want {
			t.Errorf("%v is bound: %t, want %t", s, !want, want)
		}
	}
}
