package chatfile

import (
	"fmt"
	"slices"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// Turn is what one message of the user led to: the message, and what came of
// it.
type Turn []wire.V2Message

// Conversation is what was said so far. The zero value is an empty one.
type Conversation struct {
	// System is what the model should be; empty is nothing.
	System string
	Turns  []Turn
}

// Messages is the conversation as a request has it.
func (c *Conversation) Messages() []wire.V2Message {
	var all []wire.V2Message
	if c.System != "" {
		all = append(all, client.SystemText(c.System))
	}
	return append(all, slices.Concat(c.Turns...)...)
}

// The ids of lines.
const (
	idFile   = "inferd-chat-1" // the first line: what the file is
	idSystem = "system"
	idTurn   = "turn"
	idUndo   = "undo"
	idNew    = "new"
)

// line writes one line.
func line(id string, messages ...wire.V2Message) []byte {
	return (&wire.V2Request{ID: id, Messages: messages}).Append(nil)
}

// lines writes a whole conversation, without the first line of a file.
func (c *Conversation) lines() []byte {
	all := line(idNew)
	all = append(all, line(idSystem, systemMessages(c.System)...)...)
	for _, turn := range c.Turns {
		all = append(all, line(idTurn, turn...)...)
	}
	return all
}

func systemMessages(text string) []wire.V2Message {
	if text == "" {
		return nil
	}
	return []wire.V2Message{client.SystemText(text)}
}

// apply does what a line says.
func (c *Conversation) apply(text []byte) error {
	record, err := wire.DecodeV2Request(text)
	if err != nil {
		return err
	}
	switch record.ID {
	case idSystem:
		c.System = ""
		for _, m := range record.Messages {
			for _, b := range m.Content {
				c.System += b.Text
			}
		}
	case idTurn:
		if len(record.Messages) == 0 {
			return fmt.Errorf("a turn without a message")
		}
		c.Turns = append(c.Turns, record.Messages)
	case idUndo:
		if len(c.Turns) == 0 {
			return fmt.Errorf("nothing is there to take back")
		}
		c.Turns = c.Turns[:len(c.Turns)-1]
	case idNew:
		c.Turns = nil
	default:
		return fmt.Errorf("a line for %.40q, which this version does not know", record.ID)
	}
	return nil
}

// UserTexts are what the user said, for a history.
func (c *Conversation) UserTexts() []string {
	var all []string
	for _, turn := range c.Turns {
		if first := turn[0]; first.Role == wire.RoleUser && len(first.Content) > 0 {
			all = append(all, first.Content[len(first.Content)-1].Text)
		}
	}
	return all
}
