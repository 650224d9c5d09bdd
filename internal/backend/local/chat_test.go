package local

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// weather is a tool that the built-in model knows how to call.
var weather = []wire.Tool{{
	Name: "get_weather", Description: "Get the current weather in a city",
	InputSchema: []byte(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
}}

// said is a message of text.
func said(role wire.Role, text string) wire.V2Message {
	return wire.V2Message{Role: role, Content: []wire.Block{{Type: wire.BlockText, Text: text}}}
}

// says is a conversation of one message of the user.
func says(text string) []wire.V2Message { return []wire.V2Message{said(wire.RoleUser, text)} }

// chat is a greedy request of typed content.
func chat(c *backend.Chat) *backend.Request {
	if c.ToolChoice == "" {
		c.ToolChoice = wire.ToolChoiceAuto
	}
	return &backend.Request{Chat: c, Params: ask("").Params}
}

// reply is a typed answer, its pieces put together.
type reply struct {
	Text, Thinking string
	Calls          []backend.ToolCall
}

// converse runs a typed request to its end.
func converse(ctx context.Context, b *Backend, r *backend.Request) (reply, backend.Result, error) {
	var got reply
	result, err := b.Generate(ctx, r, func(events []backend.Event) error {
		for _, e := range events {
			switch e.Kind {
			case backend.EventText:
				got.Text += e.Text
			case backend.EventThinking:
				got.Thinking += e.Text
			case backend.EventToolUse:
				got.Calls = append(got.Calls, *e.Call)
			case backend.EventPrefill:
			}
		}
		return nil
	})
	return got, result, err
}

func TestGenerate_AnswersTypedContent(t *testing.T) {
	b := builtin(t)
	if c := b.Capabilities(); !c.V2 || !c.Tools || !c.Thinking || c.Vision || c.Audio || c.StructuredOutput {
		t.Errorf("capabilities %+v", c)
	}
	on := true
	call := backend.ToolCall{ID: "call_1", Name: "get_weather", Input: []byte(`{"city":"Paris"}`)}
	answered := append(says("What is the weather in Paris?"),
		wire.V2Message{Role: wire.RoleAssistant, Content: []wire.Block{{Type: wire.BlockToolUse, ToolCallID: "c", Name: "get_weather", Input: []byte(`{"city":"Paris"}`)}}},
		wire.V2Message{Role: wire.RoleUser, Content: []wire.Block{{
			Type: wire.BlockToolResult, ToolCallID: "c",
			Content: []wire.Block{{Type: wire.BlockText, Text: `{"temperature": 18, "condition": "sunny"}`}},
		}}})
	for name, tt := range map[string]struct {
		in   *backend.Chat
		want reply
	}{
		"text":     {&backend.Chat{Messages: says("What is the capital of France?")}, reply{Text: "The capital of France is Paris."}},
		"a call":   {&backend.Chat{Messages: says("What is the weather in Paris?"), Tools: weather}, reply{Calls: []backend.ToolCall{call}}},
		"a result": {&backend.Chat{Messages: answered, Tools: weather}, reply{Text: "The weather in Paris is sunny with 18 degrees."}},
		"a thought": {&backend.Chat{Messages: says("What is 7 + 8?"), Thinking: &on},
			reply{Text: "7 plus 8 is 15.", Thinking: "I must work out 7 + 8. The result is 15."}},
	} {
		got, result, err := converse(t.Context(), b, chat(tt.in))
		if d := cmp.Diff(tt.want, got); d != "" || err != nil || result.Stop != wire.StopEnd || result.StopString {
			t.Errorf("%s: %+v, %v\n%s", name, result, err, d)
		}
	}
}

func TestGenerate_SaysThatAStopStringWasMet(t *testing.T) {
	for _, r := range []*backend.Request{ask("Count from 1 to 10."), chat(&backend.Chat{Messages: says("Count from 1 to 10.")})} {
		r.Params.Stop = []string{", 5"}
		if text, result := answered(t, r); text != "1, 2, 3, 4" || !result.StopString {
			t.Errorf("%q, %+v", text, result)
		}
	}
}

func answered(t *testing.T, r *backend.Request) (string, backend.Result) {
	t.Helper()
	got, result, err := converse(t.Context(), builtin(t), r)
	if err != nil {
		t.Fatal(err)
	}
	return got.Text, result
}

// What a model makes of a call that can't be read is shown to the caller, and
// is in no text that could be logged.
func TestTranslator_FailsWithTheCallThatCannotBeRead(t *testing.T) {
	var a translator
	if shown := a.take([]proto.Event{{Kind: proto.EventText, Text: []byte("I will"), Tokens: 1}, {Kind: proto.EventMalformed, Text: []byte("{secret"), Tokens: 2}}); len(shown) != 1 {
		t.Errorf("emitted %+v", shown)
	}
	err := a.failure(&proto.End{Error: "the model wrote a malformed tool call: it is not valid JSON", Malformed: true})
	failure, ok := errors.AsType[*backend.Error](err)
	if !ok || failure.Kind != backend.Invalid || failure.Code != wire.CodeToolCallMalformed || failure.Quote != "{secret" {
		t.Errorf("error %+v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error quotes the answer: %v", err)
	}
	if err := a.failure(&proto.End{Stop: wire.StopEnd}); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestGenerate_RefusesTypedContentThatHasNoForm(t *testing.T) {
	block := func(b wire.Block) *backend.Chat {
		return &backend.Chat{Messages: []wire.V2Message{{Role: wire.RoleUser, Content: []wire.Block{b}}}}
	}
	nested := wire.Block{Type: wire.BlockToolResult, ToolCallID: "c", Content: []wire.Block{{Type: wire.BlockAudio, AttachmentID: "a"}}}
	for name, tt := range map[string]struct {
		in   *backend.Chat
		code wire.Code
	}{
		"an image":             {block(wire.Block{Type: wire.BlockImage, AttachmentID: "i"}), wire.CodeAttachmentUnsupported},
		"audio inside":         {block(nested), wire.CodeAttachmentUnsupported},
		"a thought":            {block(wire.Block{Type: wire.BlockThinking}), ""},
		"an unknown block":     {block(wire.Block{Type: "smell"}), ""},
		"a choice":             {&backend.Chat{Messages: says("Hi"), Tools: weather, ToolChoice: wire.ToolChoiceRequired}, ""},
		"a format":             {&backend.Chat{Messages: says("Hi"), ResponseFormat: &wire.ResponseFormat{Type: wire.FormatJSONSchema}}, ""},
		"a call of the user's": {block(wire.Block{Type: wire.BlockToolUse, ToolCallID: "c", Name: "f", Input: []byte("{}")}), ""},
	} {
		_, _, err := converse(t.Context(), builtin(t), chat(tt.in))
		failure, ok := errors.AsType[*backend.Error](err)
		if !ok || failure.Kind != backend.Invalid || failure.Code != tt.code || failure.Message == "" {
			t.Errorf("%s: error %#v", name, err)
		}
	}
}
