// Package chatml renders conversations in ChatML, the format of the built-in
// model and of its family. It renders for models whose template it knows by
// heart and for no other: a prompt in another model's markers gives answers
// that are fluent and wrong.
package chatml

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/inferd/inferd/wire"
)

// Segment is a piece of a prompt. Markers are turned into control tokens;
// everything else is text, whatever it looks like, so that no message can
// forge a turn.
type Segment struct {
	Text   string
	Marker bool
}

// Format is one member of the family.
type Format struct {
	// dropThinking leaves the reasoning of past answers out.
	dropThinking bool
}

const (
	begin = "<|im_start|>"
	end   = "<|im_end|>"
	think = "</think>"
)

// known are the templates that render as this package does, by the digest of
// their text without surrounding white space.
var known = map[string]Format{
	// The built-in model's, with tools and thinking.
	"51d76ba76c19717ab3988341da3fcef6bf8a4da68995ee66c5e2bdce75dd9e0f": {dropThinking: true},
	// The plain loop over the messages that many models carry.
	"fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e": {},
}

// Lookup finds the format that a model's template stands for.
func Lookup(template string) (Format, bool) {
	sum := sha256.Sum256([]byte(strings.TrimSpace(template)))
	f, ok := known[hex.EncodeToString(sum[:])]
	return f, ok
}

// Render turns a conversation into a prompt that ends where the answer begins.
func (f Format) Render(messages []wire.Message) []Segment {
	var p prompt
	for i, m := range messages {
		text := m.Content
		if f.dropThinking && m.Role == wire.RoleAssistant && i < len(messages)-1 {
			if _, after, found := cutLast(text, think); found {
				text = strings.TrimLeft(after, "\n")
			}
		}
		p.marker(begin)
		p.text(string(m.Role) + "\n" + text)
		p.marker(end)
		p.text("\n")
	}
	p.marker(begin)
	p.text(string(wire.RoleAssistant) + "\n")
	return p
}

// prompt collects segments. Text that touches stays one segment: the tokens
// on both sides of a seam can depend on each other.
type prompt []Segment

func (p *prompt) marker(s string) { *p = append(*p, Segment{Text: s, Marker: true}) }

func (p *prompt) text(s string) {
	if n := len(*p); n > 0 && !(*p)[n-1].Marker {
		(*p)[n-1].Text += s
		return
	}
	*p = append(*p, Segment{Text: s})
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
