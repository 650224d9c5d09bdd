// Package prompt is the neutral form of what goes to a model and of what comes
// back: conversations with tools, the segments of a rendered prompt, and the
// parts of an answer. It knows no model and no wire surface. Each family of
// models implements Renderer and Parser in a package of its own below.
package prompt

import "encoding/json"

// Role says who wrote a message.
type Role string

// The roles. What a tool answered is a block in a message of the user.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// BlockKind tells the blocks of a message apart.
type BlockKind string

// The kinds of blocks.
const (
	BlockText       BlockKind = "text"
	BlockToolUse    BlockKind = "tool_use"
	BlockToolResult BlockKind = "tool_result"
)

// Block is a part of a message.
type Block struct {
	Kind BlockKind `json:"kind"`
	// Text is BlockText's.
	Text string `json:"text,omitempty"`
	// ID ties a BlockToolResult to its BlockToolUse.
	ID string `json:"id,omitempty"`
	// Name and Input are BlockToolUse's: the tool, and a JSON object.
	Name  string          `json:"name,omitempty"`
	Input json.RawMessage `json:"input,omitempty"`
	// Content is BlockToolResult's, of BlockText.
	Content []Block `json:"content,omitempty"`
}

// Text is a block of text.
func Text(s string) Block { return Block{Kind: BlockText, Text: s} }

// Message is one turn of a conversation.
type Message struct {
	Role   Role    `json:"role"`
	Blocks []Block `json:"blocks"`
}

// Tool is a function that the model may call.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
}

// Conversation is everything that a prompt is made of.
type Conversation struct {
	Messages []Message `json:"messages"`
	Tools    []Tool    `json:"tools,omitempty"`
	// Thinking asks for a thought before the answer, or for none; nil leaves
	// it to the model.
	Thinking *bool `json:"thinking,omitempty"`
}

// Size is how many bytes of text the conversation holds, at little cost: what
// is far too long can be refused before any work is done on it.
func (c *Conversation) Size() int {
	n := 0
	for _, m := range c.Messages {
		n += size(m.Blocks)
	}
	for _, t := range c.Tools {
		n += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	return n
}

func size(blocks []Block) int {
	n := 0
	for _, b := range blocks {
		n += len(b.Text) + len(b.Name) + len(b.Input) + size(b.Content)
	}
	return n
}

// CallIDs are the ids of the calls in the conversation: a new call has to have
// another one.
func (c *Conversation) CallIDs() map[string]bool {
	ids := map[string]bool{}
	for _, m := range c.Messages {
		for _, b := range m.Blocks {
			if b.Kind == BlockToolUse {
				ids[b.ID] = true
			}
		}
	}
	return ids
}
