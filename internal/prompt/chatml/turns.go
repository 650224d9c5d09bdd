package chatml

import (
	"fmt"
	"strings"

	"github.com/inferd/inferd/internal/prompt"
)

// The roles of turns.
const (
	roleSystem    = string(prompt.RoleSystem)
	roleAssistant = string(prompt.RoleAssistant)
	roleTool      = "tool"
)

// turn is a message as templates see it: text, and for the assistant calls.
// What a tool answered is a turn of its own.
type turn struct {
	role  string
	text  string
	calls []prompt.Block
}

// turnsOf cuts messages into turns, in order.
func turnsOf(messages []prompt.Message) ([]turn, error) {
	var turns []turn
	for i, m := range messages {
		var err error
		if m.Role == prompt.RoleAssistant {
			turns, err = appendAnswer(turns, m)
		} else {
			turns, err = appendTurns(turns, m)
		}
		if err != nil {
			return nil, fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	return turns, nil
}

// appendAnswer makes one turn of an assistant's message. The template puts
// calls after all text.
func appendAnswer(turns []turn, m prompt.Message) ([]turn, error) {
	t := turn{role: roleAssistant}
	var text strings.Builder
	for _, b := range m.Blocks {
		switch b.Kind {
		case prompt.BlockText:
			text.WriteString(b.Text)
		case prompt.BlockToolUse:
			t.calls = append(t.calls, b)
		default:
			return nil, misplaced(b, m)
		}
	}
	t.text = text.String()
	return append(turns, t), nil
}

// appendTurns makes turns of another's message: one of each run of text, and
// one of each result.
func appendTurns(turns []turn, m prompt.Message) ([]turn, error) {
	if len(m.Blocks) == 0 {
		return append(turns, turn{role: string(m.Role)}), nil
	}
	for blocks := m.Blocks; len(blocks) > 0; {
		if text, n := leadingText(blocks); n > 0 {
			turns = append(turns, turn{role: string(m.Role), text: text})
			blocks = blocks[n:]
			continue
		}
		b := blocks[0]
		text, n := leadingText(b.Content)
		if b.Kind != prompt.BlockToolResult || m.Role != prompt.RoleUser || n < len(b.Content) {
			return nil, misplaced(b, m)
		}
		turns = append(turns, turn{role: roleTool, text: text})
		blocks = blocks[1:]
	}
	return turns, nil
}

// leadingText joins the blocks of text that blocks begins with.
func leadingText(blocks []prompt.Block) (text string, n int) {
	var all strings.Builder
	for n < len(blocks) && blocks[n].Kind == prompt.BlockText {
		all.WriteString(blocks[n].Text)
		n++
	}
	return all.String(), n
}

func misplaced(b prompt.Block, m prompt.Message) error {
	return fmt.Errorf("a block of kind %q has no place in a message of the role %q", b.Kind, m.Role)
}
