package lineedit

import (
	"fmt"
	"strings"
)

// layout is text as it lies on a terminal.
type layout struct {
	rows []string
	// row and column are where the cursor stands.
	row, column int
}

// minColumns is the narrowest terminal that is drawn for: the prompt and one
// wide character.
const minColumns = 5

// lay puts text behind a prompt into rows of at most columns-1: a character in
// the last column leaves terminals in a state of their own. What follows the
// first line is indented like it.
func lay(prompt string, b *buffer, columns int) layout {
	most := max(columns, minColumns) - 1
	prompt, indent := fitPrompt(prompt, most)
	l := layout{}
	var row strings.Builder
	row.WriteString(prompt)
	used := indent
	wrap := func() {
		l.rows = append(l.rows, row.String())
		row.Reset()
		row.WriteString(strings.Repeat(" ", indent))
		used = indent
	}
	for i := 0; i <= len(b.text); i++ {
		size := 1 // the cursor behind the text
		if i < len(b.text) {
			size = width(b.text[i])
		}
		if used+size > most && used > indent {
			wrap()
		}
		if i == b.at {
			l.row, l.column = len(l.rows), used
		}
		if i == len(b.text) {
			break
		}
		switch r := b.text[i]; r {
		case '\n':
			wrap()
			continue
		case '\t':
			size = min(size, most-used)
			row.WriteString(tab[:size])
		default:
			row.WriteRune(r)
		}
		used += size
	}
	l.rows = append(l.rows, row.String())
	return l
}

// fitPrompt cuts a prompt so that there is room for text beside it.
func fitPrompt(prompt string, most int) (string, int) {
	used := 0
	for i, r := range prompt {
		if used+width(r) > most-2 {
			return prompt[:i], used
		}
		used += width(r)
	}
	return prompt, used
}

// draw writes the text over what was drawn before. Of one that is higher than
// the screen, the part around the cursor is shown.
func (e *Editor) draw(prompt string) {
	columns, height := e.size()
	l := lay(prompt, &e.buffer, columns)
	first := 0
	if height < 1 {
		height = len(l.rows)
	}
	if len(l.rows) > height {
		first = min(max(l.row-height+1, 0), len(l.rows)-height)
	}
	shown := l.rows[first:min(first+height, len(l.rows))]
	var out strings.Builder
	e.top(&out)
	out.WriteString(strings.Join(shown, "\r\n"))
	if below := len(shown) - 1 - (l.row - first); below > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", below)
	}
	out.WriteByte('\r')
	if l.column > 0 {
		fmt.Fprintf(&out, "\x1b[%dC", l.column)
	}
	e.row = l.row - first
	e.print(out.String())
}

// top goes to where the drawing began and clears what is there.
func (e *Editor) top(out *strings.Builder) {
	if e.row > 0 {
		fmt.Fprintf(out, "\x1b[%dA", e.row)
	}
	out.WriteString("\r\x1b[J")
	e.row = 0
}
