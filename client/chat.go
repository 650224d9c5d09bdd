package client

import (
	"context"
	"iter"

	"github.com/inferd/inferd/wire"
)

// Chat sends a conversation of typed content and returns the frames of the
// answer as they come; what Generate says of its sequence holds here. The media
// of a request travel as raw bytes: one with attachments goes to the framed
// surface, any other to v2.
func (c *Client) Chat(ctx context.Context, req *wire.V2Request) iter.Seq2[wire.V2Response, error] {
	if len(req.Attachments) > 0 {
		return c.stream(ctx, &framedSurface, req.ID, req.AppendFramed)
	}
	return c.stream(ctx, &chatSurface, req.ID, req.Append)
}

// CompleteChat asks for a whole answer at once. A request that the daemon
// refuses or cannot finish is a *ServerError.
func (c *Client) CompleteChat(ctx context.Context, req *wire.V2Request) (*Answer, error) {
	whole, stream := *req, false
	whole.Stream = &stream
	answer := &Answer{}
	for frame, err := range c.Chat(ctx, &whole) {
		if err != nil {
			return nil, err
		}
		answer.Add(frame)
	}
	return answer, nil
}

// Answer is what the frames of an answer come to. The zero value is one of
// which nothing has come yet.
type Answer struct {
	Text, Thinking string
	// Calls are the tool calls, in order.
	Calls []wire.Piece
	// Done is the terminal frame; nil while the answer is not complete.
	Done *wire.V2Done
}

// Add takes the next frame. Frames that are no part of an answer change nothing.
func (a *Answer) Add(frame wire.V2Response) {
	switch f := frame.(type) {
	case *wire.V2Frame:
		switch f.Block.Type {
		case wire.BlockText:
			a.Text += f.Block.Delta
		case wire.BlockThinking:
			a.Thinking += f.Block.Delta
		case wire.BlockToolUse:
			a.Calls = append(a.Calls, f.Block)
		}
	case *wire.V2Done:
		a.Done = f
	}
}

// Message is the answer as a turn of the conversation, for the next request. It
// holds no thinking, which models are not shown again. It is false where there
// is nothing to say again: a message can't be empty.
func (a *Answer) Message() (wire.V2Message, bool) {
	m := wire.V2Message{Role: wire.RoleAssistant}
	if a.Text != "" {
		m.Content = append(m.Content, wire.Block{Type: wire.BlockText, Text: a.Text})
	}
	for _, call := range a.Calls {
		m.Content = append(m.Content, wire.Block{
			Type: wire.BlockToolUse, ToolCallID: call.ToolCallID, Name: call.Name, Input: call.Input,
		})
	}
	return m, len(m.Content) > 0
}

// UserText is a message of the user that is text.
func UserText(text string) wire.V2Message { return textMessage(wire.RoleUser, text) }

// SystemText is a message that tells the model what it should be.
func SystemText(text string) wire.V2Message { return textMessage(wire.RoleSystem, text) }

func textMessage(role wire.Role, text string) wire.V2Message {
	return wire.V2Message{Role: role, Content: []wire.Block{{Type: wire.BlockText, Text: text}}}
}
