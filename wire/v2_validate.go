package wire

import (
	"fmt"
	"unicode/utf8"
)

// Validate checks what the request asks for: messages, attachments, tools,
// blocks, tool_choice and response_format, settings, and at last whether a
// backend of these capabilities can serve it. The error is a *FieldError about
// the first problem. compile reports why a JSON Schema can't be used; it is not
// called for what is no object, and nil takes every object.
func (r *V2Request) Validate(c *Capabilities, compile func(schema []byte) error) error {
	if compile == nil {
		compile = func([]byte) error { return nil }
	}
	for _, rule := range []func() error{
		func() error { return checkText("id", r.ID) },
		r.checkMessages,
		func() error { return r.checkAttachments(c) },
		func() error { return r.checkTools(compile) },
		r.checkBlocks,
		r.checkToolChoice,
		func() error { return r.checkResponseFormat(compile) },
		r.Sampling.validate,
		r.checkConstraints,
		func() error { return r.checkCapabilities(c) },
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

// checkMessages checks the turns of the conversation.
func (r *V2Request) checkMessages() error {
	if len(r.Messages) == 0 {
		return &FieldError{Field: "messages", Problem: "is empty", Allowed: "one message or more"}
	}
	if countBlocks(r.Messages) > maxBlocks {
		return &FieldError{
			Field: "messages", Value: fmt.Sprintf("more than %d blocks", maxBlocks),
			Problem: "are too many", Allowed: fmt.Sprintf("up to %d blocks", maxBlocks),
		}
	}
	for i := range r.Messages {
		m, name := &r.Messages[i], fmt.Sprintf("messages[%d]", i)
		switch m.Role {
		case RoleSystem, RoleUser, RoleAssistant:
		default:
			return &FieldError{Field: name + ".role", Value: quoted(m.Role), Problem: "is not a role", Allowed: "system, user or assistant"}
		}
		if len(m.Content) == 0 {
			return &FieldError{Field: name + ".content", Problem: "is empty", Allowed: "one block or more"}
		}
	}
	return nil
}

func countBlocks(list []V2Message) int {
	n := 0
	var count func([]Block)
	count = func(blocks []Block) {
		n += len(blocks)
		for i := range blocks {
			count(blocks[i].Content)
		}
	}
	for i := range list {
		count(list[i].Content)
	}
	return n
}

// checkTools checks the definitions of the tools.
func (r *V2Request) checkTools(compile func([]byte) error) error {
	if len(r.Tools) > maxTools {
		return &FieldError{
			Field: "tools", Value: fmt.Sprintf("more than %d tools", maxTools),
			Problem: "are too many", Allowed: fmt.Sprintf("up to %d tools", maxTools),
		}
	}
	seen, size := make(map[string]bool, len(r.Tools)), 0
	for i := range r.Tools {
		t, name := &r.Tools[i], fmt.Sprintf("tools[%d]", i)
		if !isToolName(t.Name) {
			return &FieldError{Field: name + ".name", Value: quoted(t.Name), Problem: "is not a name", Allowed: "1 to 64 of A-Z, a-z, 0-9, _ and -"}
		}
		if seen[t.Name] {
			return &FieldError{Field: name + ".name", Value: quoted(t.Name), Problem: "is the name of another tool", Allowed: "each name once"}
		}
		seen[t.Name] = true
		if err := checkText(name+".description", t.Description); err != nil {
			return err
		}
		if size += len(t.InputSchema); size > maxSchemaBytes {
			return schemaTooLong(name + ".input_schema")
		}
		if err := checkSchema(name+".input_schema", t.InputSchema, compile); err != nil {
			return err
		}
	}
	return nil
}

func isToolName(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !isDigit(c) && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func schemaTooLong(name string) error {
	return &FieldError{Field: name, Problem: "makes the schemas too long", Allowed: fmt.Sprintf("up to %d bytes in all", maxSchemaBytes)}
}

// checkSchema checks that a schema is an object and compiles.
func checkSchema(name string, schema []byte, compile func([]byte) error) error {
	if !isObject(schema) {
		return &FieldError{Field: name, Value: quoted(schema), Problem: "is not an object", Allowed: "a JSON Schema"}
	}
	if err := compile(schema); err != nil {
		return &FieldError{Field: name, Problem: "does not compile: " + shortenedTo(err.Error(), maxReason)}
	}
	return nil
}

// maxReason is how many bytes of a schema's problem an error shows.
const maxReason = 300

// checkBlocks checks the content of all messages, in order.
func (r *V2Request) checkBlocks() error {
	c := blockChecker{kinds: make(map[string]AttachmentKind, len(r.Attachments)), calls: make(map[string]bool)}
	for i := range r.Attachments {
		c.kinds[r.Attachments[i].ID] = r.Attachments[i].Kind
	}
	for i := range r.Messages {
		if err := c.check(fmt.Sprintf("messages[%d]", i), r.Messages[i].Content, 1); err != nil {
			return err
		}
	}
	return nil
}

// blockChecker knows what the blocks that are checked may refer to.
type blockChecker struct {
	kinds map[string]AttachmentKind // by id
	calls map[string]bool           // ids of the tool calls so far
}

func (c *blockChecker) check(in string, list []Block, depth int) error {
	if depth > maxBlockDepth {
		return &FieldError{Field: in + ".content", Problem: "is too deep inside content", Allowed: fmt.Sprintf("up to %d levels", maxBlockDepth)}
	}
	for i := range list {
		if err := c.checkBlock(&list[i], func() string { return fmt.Sprintf("%s.content[%d]", in, i) }, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *blockChecker) checkBlock(b *Block, name func() string, depth int) error {
	switch b.Type {
	case BlockText:
		if !utf8.ValidString(b.Text) {
			return checkText(name()+".text", b.Text)
		}
		return nil
	case BlockImage, BlockAudio, BlockVideo:
		return c.checkReference(b, name)
	case BlockToolUse:
		c.calls[b.ToolCallID] = true
		if !isObject(b.Input) {
			return &FieldError{Field: name() + ".input", Value: quoted(b.Input), Problem: "is not an object", Allowed: "a JSON object"}
		}
		return nil
	case BlockToolResult:
		if !c.calls[b.ToolCallID] {
			return &FieldError{
				Field: name() + ".tool_call_id", Value: quoted(b.ToolCallID),
				Problem: "is the id of no tool_use before it", Allowed: "the tool_call_id of an earlier tool_use",
			}
		}
		return c.check(name(), b.Content, depth+1)
	case BlockThinking: // is for answers
	}
	return &FieldError{
		Field: name() + ".type", Value: quoted(b.Type), Problem: "is not a type of block that this daemon knows",
		Allowed: "text, image, audio, video, tool_use or tool_result",
	}
}

// checkReference checks that a block's attachment is there and of its kind.
func (c *blockChecker) checkReference(b *Block, name func() string) error {
	kind, ok := c.kinds[b.AttachmentID]
	switch {
	case !ok:
		return &FieldError{
			Field: name() + ".attachment_id", Value: quoted(b.AttachmentID),
			Problem: "is the id of no attachment", Allowed: "the id of one in attachments",
		}
	case string(kind) != string(b.Type):
		return &FieldError{
			Field: name() + ".attachment_id", Value: quoted(b.AttachmentID),
			Problem: "is of kind " + string(kind), Allowed: "the id of one of kind " + string(b.Type),
		}
	}
	return nil
}
