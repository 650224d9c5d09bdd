package wire

import "fmt"

// The keys of blocks beside type, by index.
const (
	keyText = iota
	keyAttachment
	keyToolCall
	keyName
	keyInput
	keyContent
	numBlockKeys
)

var blockKeys = [numBlockKeys]string{"text", "attachment_id", "tool_call_id", "name", "input", "content"}

// blockParts are the keys that the blocks of a type have, all of them required.
var blockParts = map[BlockType][]int{
	BlockText:       {keyText},
	BlockImage:      {keyAttachment},
	BlockAudio:      {keyAttachment},
	BlockVideo:      {keyAttachment},
	BlockToolUse:    {keyToolCall, keyName, keyInput},
	BlockToolResult: {keyToolCall, keyContent},
}

// blockWants says what is required, by key.
var blockWants = [numBlockKeys]string{"a string", "a string", "a string", "a string", "an object", "an array of blocks"}

// contentReader reads the content of all messages of a request and counts its
// blocks.
type contentReader struct {
	*scanner
	blocks int
}

// content consumes an array of blocks. Those beyond the bound are read, but
// not kept.
func (c *contentReader) content(depth int) ([]Block, error) {
	if depth > maxBlockDepth {
		return nil, &MalformedError{Problem: fmt.Sprintf("content inside content: allowed are %d levels", maxBlockDepth)}
	}
	var list []Block
	err := c.array(func(i int) error {
		c.blocks++ // before those inside of it: what is kept is kept with all around it
		kept := c.blocks <= maxBlocks+1
		b, err := c.block(depth)
		if kept {
			list = append(list, b)
		}
		return withinIndex(i, err)
	})
	return list, err
}

// block consumes a block. Which of its keys matter depends on its type, which
// may come last: what is wrong with them is judged at the end.
func (c *contentReader) block(depth int) (Block, error) {
	var b, all Block
	var typed bool
	var sent [numBlockKeys]bool
	var wrong [numBlockKeys]*MalformedError
	before := c.blocks
	err := c.object(func(key []byte) (err error) {
		if string(key) == "type" {
			typed = true
			var text string
			text, err = c.text()
			b.Type = BlockType(text)
			return within("type", err)
		}
		for i, k := range blockKeys {
			if string(key) == k {
				sent[i] = true
				if i == keyContent {
					c.blocks = before // of equal keys the last counts
				}
				wrong[i], err = c.tentative(func() error { return c.blockPart(&all, i, depth) })
				return err
			}
		}
		return c.skip()
	})
	if err != nil {
		return b, err
	}
	if !typed {
		return b, &MalformedError{Field: "type", Problem: "missing: a string is required"}
	}
	for _, i := range blockParts[b.Type] {
		switch {
		case !sent[i]:
			return b, &MalformedError{Field: blockKeys[i], Problem: "missing: " + blockWants[i] + " is required"}
		case wrong[i] != nil:
			return b, within(blockKeys[i], wrong[i])
		}
		b.keep(i, &all)
	}
	if b.Content == nil {
		c.blocks = before // what was inside is ignored
	}
	return b, nil
}

// blockPart consumes the value of one key.
func (c *contentReader) blockPart(b *Block, key, depth int) (err error) {
	switch key {
	case keyText:
		b.Text, err = c.text()
	case keyAttachment:
		b.AttachmentID, err = c.text()
	case keyToolCall:
		b.ToolCallID, err = c.text()
	case keyName:
		b.Name, err = c.text()
	case keyInput:
		b.Input, err = c.raw()
	case keyContent:
		b.Content, err = c.content(depth + 1)
	}
	return err
}

// keep takes one key's value over.
func (b *Block) keep(key int, from *Block) {
	switch key {
	case keyText:
		b.Text = from.Text
	case keyAttachment:
		b.AttachmentID = from.AttachmentID
	case keyToolCall:
		b.ToolCallID = from.ToolCallID
	case keyName:
		b.Name = from.Name
	case keyInput:
		b.Input = from.Input
	case keyContent:
		b.Content = from.Content
	}
}

// append writes the block. It writes as much of one that can't be sent as there
// is.
func (b *Block) append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", string(b.Type))
	for _, key := range blockParts[b.Type] {
		switch key {
		case keyText:
			o.text("text", b.Text)
		case keyAttachment:
			o.text("attachment_id", b.AttachmentID)
		case keyToolCall:
			o.text("tool_call_id", b.ToolCallID)
		case keyName:
			o.text("name", b.Name)
		case keyInput:
			o.json("input", b.Input)
		case keyContent:
			o.key("content")
			o.dst = appendBlocks(o.dst, b.Content)
		}
	}
	return o.close()
}

// appendBlocks writes content as an array.
func appendBlocks(dst []byte, list []Block) []byte {
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = list[i].append(dst)
	}
	return append(dst, ']')
}
