package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/inferd/inferd/wire"
)

// barWidth is the width of a progress bar in characters: it fits beside its
// text on a narrow terminal.
const barWidth = 24

// progress is a line of a terminal that is written over until it is cleared.
// It is not safe for concurrent use, and writes nothing where out is no
// terminal.
type progress struct {
	out   output
	shown bool
}

// show replaces the line.
func (p *progress) show(text string) {
	if !p.out.terminal {
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", p.fit(oneLine(text)))
	p.shown = true
}

// fit cuts the text to the width of the terminal: a line that wraps can't be
// written over.
func (p *progress) fit(text string) string {
	width := cmp.Or(p.out.width, 80) - 1
	letters := []rune(text)
	return string(letters[:min(len(letters), max(width, 0))])
}

// event shows how a start gets on.
func (p *progress) event(e wire.AdminEvent) {
	if done, ok := fraction(e); ok {
		p.show(bar(done) + " " + describe(e))
		return
	}
	p.show(describe(e))
}

// bytes returns a function that shows how far a piece of work on bytes is.
func (p *progress) bytes(what string) func(done, total int64) {
	return func(done, total int64) {
		if total > 0 {
			p.show(fmt.Sprintf("%s %s %s of %s", bar(float64(done)/float64(total)), what, sizeOf(done), sizeOf(total)))
		}
	}
}

// clear takes the line away.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

func bar(done float64) string {
	full := int(done * barWidth)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}
