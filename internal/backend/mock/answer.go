package mock

import (
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// answer is the script for one request.
type answer struct {
	thinking []string
	tokens   []string
	loop     bool
	calls    []backend.ToolCall
}

func newAnswer(c *Config, req *backend.Request) answer {
	a := answer{tokens: c.Tokens, loop: c.Loop}
	if c.Echo {
		a.tokens = echo(lastWords(req))
	}
	if chat := req.Chat; chat != nil {
		if chat.Thinking == nil || *chat.Thinking {
			a.thinking = c.Thinking
		}
		if len(chat.Tools) > 0 && chat.ToolChoice != wire.ToolChoiceNone {
			a.calls = c.ToolCalls
		}
	}
	return a
}

// at returns the token n, or false after the last.
func (a answer) at(n int) (token string, thought, ok bool) {
	if n < len(a.thinking) {
		return a.thinking[n], true, true
	}
	n -= len(a.thinking)
	if a.loop && len(a.tokens) > 0 {
		n %= len(a.tokens)
	}
	if n >= len(a.tokens) {
		return "", false, false
	}
	return a.tokens[n], false, true
}

// promptTokens counts a prompt's tokens: its words, and one for each medium.
func promptTokens(req *backend.Request) int {
	n := 0
	for _, m := range req.Messages {
		n += len(strings.Fields(m.Content))
	}
	if req.Chat != nil {
		n += len(req.Chat.Attachments)
		for _, m := range req.Chat.Messages {
			n += len(strings.Fields(textOf(m.Content)))
		}
	}
	return n
}

// lastWords is what the user said last.
func lastWords(req *backend.Request) string {
	for _, m := range slices.Backward(req.Messages) {
		if m.Role == wire.RoleUser {
			return m.Content
		}
	}
	if req.Chat != nil {
		for _, m := range slices.Backward(req.Chat.Messages) {
			if m.Role == wire.RoleUser {
				return textOf(m.Content)
			}
		}
	}
	return ""
}

// textOf is all text in content, that of tool results included.
func textOf(list []wire.Block) string {
	var all strings.Builder
	for i := range list {
		all.WriteString(list[i].Text + " " + textOf(list[i].Content))
	}
	return all.String()
}

// echo cuts text into words, each but the first with a space before it.
func echo(text string) []string {
	words := strings.Fields(text)
	for w := 1; w < len(words); w++ {
		words[w] = " " + words[w]
	}
	return words
}
