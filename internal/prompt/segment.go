package prompt

import "strings"

// Segment is a piece of a prompt. Markers are turned into the tokens that they
// are the text of; everything else is text, whatever it looks like, so that
// nothing a caller sends can forge a turn, a tool call or a thought.
type Segment struct {
	Text   string
	Marker bool
}

// Prompt is a rendered conversation: it ends where the answer begins.
type Prompt struct {
	Segments []Segment
	// Thinking says that the prompt has opened a thought, so that the answer
	// begins inside of it.
	Thinking bool
}

// Renderer turns conversations into prompts for one model. Safe for concurrent
// use. An error is the caller's to mend: something was asked for that the
// model has no form for.
type Renderer interface {
	Render(Conversation) (Prompt, error)
	// Markers are the texts that the model's vocabulary may hold as one token
	// even where markers are not asked for; see Defuse.
	Markers() []string
	// Tools reports whether the model has a form for tools.
	Tools() bool
	// Thinking reports whether the model has a form for thoughts.
	Thinking() bool
}

// Append adds a segment. Text that touches text stays one segment: the tokens
// on both sides of a seam can depend on each other.
func Append(segments []Segment, s Segment) []Segment {
	if s.Text == "" {
		return segments
	}
	if n := len(segments); n > 0 && !s.Marker && !segments[n-1].Marker {
		segments[n-1].Text += s.Text
		return segments
	}
	return append(segments, s)
}

// Split cuts s at its markers, in the order of the text.
func Split(s string, markers []string) []Segment {
	var out []Segment
	from := 0
	for at := 0; at < len(s); {
		m := markerAt(s[at:], markers)
		if m == "" {
			at++
			continue
		}
		out = Append(out, Segment{Text: s[from:at]})
		out = append(out, Segment{Text: m, Marker: true})
		at += len(m)
		from = at
	}
	return Append(out, Segment{Text: s[from:]})
}

// Defuse cuts text so that no piece of it holds a marker: tokenized one by
// one, the pieces are text. It is needed beside tokenizing without special
// tokens, since engines then still take a vocabulary's user-defined tokens,
// which is what <tool_call> and its like are. Text without a marker stays
// whole.
func Defuse(text string, markers []string) []string {
	var out []string
	from := 0
	for at := range len(text) {
		// The first byte of one marker is inside no other one.
		if markerAt(text[at:], markers) != "" {
			out = append(out, text[from:at+1])
			from = at + 1
		}
	}
	return append(out, text[from:])
}

func markerAt(s string, markers []string) string {
	for _, m := range markers {
		if strings.HasPrefix(s, m) {
			return m
		}
	}
	return ""
}
