package mock

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/backendtest"
	"github.com/inferd/inferd/wire"
)

// ask is a request with one message from the user.
func ask(content string, maxTokens int) *backend.Request {
	return &backend.Request{
		Messages: []wire.Message{{Role: wire.RoleUser, Content: content}},
		Params:   wire.Params{MaxTokens: maxTokens},
	}
}

// typed is a request with a Chat.
func typed(maxTokens int) *backend.Request {
	return &backend.Request{
		Chat: &backend.Chat{
			Messages:   []wire.V2Message{{Role: wire.RoleUser, Content: []wire.Block{{Type: wire.BlockText, Text: "hello there"}}}},
			Tools:      []wire.Tool{{Name: "f", InputSchema: []byte("{}")}},
			ToolChoice: wire.ToolChoiceAuto,
		},
		Params: wire.Params{MaxTokens: maxTokens},
	}
}

func TestBackend_Conforms(t *testing.T) {
	const context = 1 << 16
	tests := map[string]Config{
		"at full speed":  {Loop: true},
		"with delays":    {Loop: true, FirstDelay: time.Millisecond, TokenDelay: 100 * time.Microsecond},
		"echo":           {Loop: true, Echo: true, Slots: 2},
		"cut characters": {Loop: true, Tokens: []string{" caf\xc3", "\xa9", " \xf0\x9f", "\x98\x80", "!"}, Slots: 1},
		"typed": {Loop: true, Dimensions: 16, Rerank: true, Thinking: []string{"hm", "..."}, Slots: 2,
			ToolCalls: []backend.ToolCall{{ID: "1", Name: "f", Input: []byte(`{"a":1}`)}, {ID: "2", Name: "f", Input: []byte(`{}`)}}},
		"bounded context": {Loop: true, TokenDelay: 100 * time.Microsecond, ContextTokens: context},
	}
	for name, config := range tests {
		t.Run(name, func(t *testing.T) {
			backendtest.Run(t, func(*testing.T) backendtest.Subject {
				s := backendtest.Subject{
					Backend:    New(config),
					Request:    ask("please repeat these words of mine", 20),
					Long:       ask("never stop", math.MaxInt32),
					Typed:      typed(20),
					Repeatable: true,
				}
				if config.ContextTokens > 0 {
					s.Invalid = ask(strings.Repeat("word ", context), 1)
				}
				return s
			})
		})
	}
}
