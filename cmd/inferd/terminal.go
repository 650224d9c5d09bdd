package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/inferd/inferd/internal/lineedit"
)

// What thoughts are shown in.
const (
	dim   = "\x1b[2m"
	undim = "\x1b[0m"
)

// visible makes what would steer a terminal readable instead: what a model
// writes is not to be trusted with the cursor, the title or the clipboard.
// Line ends and tabs stay.
func visible(text string) string {
	if !strings.ContainsFunc(text, steers) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if steers(r) {
			escape(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// steers reports whether r is a control character, or changes the direction
// in which the text around it is shown.
func steers(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return unicode.IsControl(r)
}

func escape(b *strings.Builder, r rune) {
	switch {
	case r == '\r':
		b.WriteString(`\r`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// visibleLines are the lines of a message, each fit for a terminal.
func visibleLines(text string) []string {
	return strings.Split(visible(strings.TrimRight(text, "\n")), "\n")
}

// oneLine is text for a table or a line of its own.
func oneLine(text string) string {
	return visible(strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text))
}

// until is the input, of which nobody waits for more when ctx ends.
func (in input) until(ctx context.Context) input {
	return input{lineedit.NewInput(in.Reader).Reader(ctx), in.terminal}
}
