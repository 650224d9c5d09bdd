package local

import (
	"fmt"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/wire"
)

// conversation is chat in the neutral form. What has none is refused, although
// the capabilities say so already: nothing of a request is left out silently.
func conversation(chat *backend.Chat) (*prompt.Conversation, error) {
	if chat.ResponseFormat != nil || chat.ToolChoice != wire.ToolChoiceAuto {
		return nil, backend.Errorf(backend.Invalid, "the engine enforces no tool_choice and no response_format")
	}
	c := &prompt.Conversation{Thinking: chat.Thinking}
	for i, m := range chat.Messages {
		blocks, err := blocksOf(m.Content)
		if err != nil {
			return nil, &backend.Error{Kind: backend.Invalid, Code: err.Code, Message: fmt.Sprintf("messages[%d]: %s", i, err.Message)}
		}
		c.Messages = append(c.Messages, prompt.Message{Role: prompt.Role(m.Role), Blocks: blocks})
	}
	for _, t := range chat.Tools {
		c.Tools = append(c.Tools, prompt.Tool{Name: t.Name, Description: t.Description, Schema: t.InputSchema})
	}
	return c, nil
}

// blocksOf is content in the neutral form.
func blocksOf(content []wire.Block) ([]prompt.Block, *backend.Error) {
	blocks := make([]prompt.Block, len(content))
	for i := range content {
		b := &content[i]
		switch b.Type {
		case wire.BlockText:
			blocks[i] = prompt.Text(b.Text)
		case wire.BlockToolUse:
			blocks[i] = prompt.Block{Kind: prompt.BlockToolUse, ID: b.ToolCallID, Name: b.Name, Input: b.Input}
		case wire.BlockToolResult:
			inner, err := blocksOf(b.Content)
			if err != nil {
				return nil, err
			}
			blocks[i] = prompt.Block{Kind: prompt.BlockToolResult, ID: b.ToolCallID, Content: inner}
		case wire.BlockImage, wire.BlockAudio, wire.BlockVideo:
			return nil, &backend.Error{
				Kind: backend.Invalid, Code: wire.CodeAttachmentUnsupported,
				Message: fmt.Sprintf("a block of type %s can't be taken by the model that serves this request", b.Type),
			}
		case wire.BlockThinking: // is for answers
			return nil, backend.Errorf(backend.Invalid, "a block of type %s has no place in a request", b.Type)
		default:
			return nil, backend.Errorf(backend.Invalid, "a block of type %q is not known", b.Type)
		}
	}
	return blocks, nil
}
