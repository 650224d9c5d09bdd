package lineedit

import (
	"context"
	"errors"
	"io"
	"strings"
)

// ErrInterrupt is returned for Ctrl-C. It is an *InterruptError.
var ErrInterrupt = errors.New("interrupted")

// InterruptError says that Ctrl-C was pressed.
type InterruptError struct {
	// Empty is whether nothing had been typed, so that nothing is lost.
	Empty bool
}

func (e *InterruptError) Error() string { return ErrInterrupt.Error() }

// Unwrap returns ErrInterrupt.
func (e *InterruptError) Unwrap() error { return ErrInterrupt }

// Editor reads messages. It is not safe for concurrent use.
type Editor struct {
	// Continue looks at a text for which Enter was pressed: it is either whole,
	// or Continue returns what to go on with. Nil takes every text for whole.
	Continue func(text string) (more string, goOn bool)
	// Complete returns what a text could become that Tab was pressed at the end
	// of. Nil is nothing.
	Complete func(text string) []string

	in   *Input
	out  io.Writer
	size func() (columns, rows int)
	keys keys
	left []key // read ahead
	buffer
	history history
	row     int // of the cursor, from where the drawing began
	outErr  error
}

// New returns an Editor that draws on out, a terminal of the size that size
// returns.
func New(in *Input, out io.Writer, size func() (columns, rows int)) *Editor {
	return &Editor{in: in, out: out, size: size}
}

// Remember adds a message to the history.
func (e *Editor) Remember(text string) { e.history.add(clean(text)) }

// Read returns the next message. The error is io.EOF for Ctrl-D on nothing, an
// *InterruptError for Ctrl-C, and the cause of ctx when that ends.
func (e *Editor) Read(ctx context.Context, prompt string) (string, error) {
	e.set("")
	e.history.rewind()
	e.row, e.outErr = 0, nil
	e.print("\x1b[?2004h") // pasted text comes between marks
	defer e.print("\x1b[?2004l")
	e.draw(prompt)
	for {
		keys, err := e.next(ctx)
		if err != nil {
			e.leave(prompt)
			return "", err
		}
		for i, k := range keys {
			done, err := e.press(k)
			if done || err != nil {
				e.left = keys[i+1:]
				text := string(e.text)
				e.leave(prompt)
				return text, err
			}
		}
		if e.outErr != nil {
			return "", e.outErr
		}
		e.draw(prompt)
	}
}

// next returns the keys that were pressed.
func (e *Editor) next(ctx context.Context) ([]key, error) {
	if keys := e.left; len(keys) > 0 {
		e.left = nil
		return keys, nil
	}
	data, err := e.in.next(ctx)
	return e.keys.feed(data), err
}

// leave ends the drawing, with the cursor on a line of its own.
func (e *Editor) leave(prompt string) {
	e.at = len(e.text)
	e.draw(prompt)
	e.print("\r\n")
	e.row = 0
}

// press does what a key says. done is that the message is whole.
func (e *Editor) press(k key) (done bool, err error) {
	switch k.does {
	case enter:
		return e.enter(), nil
	case interrupt:
		return false, &InterruptError{Empty: len(e.text) == 0}
	case up, down:
		by := 1
		if k.does == up {
			by = -1
		}
		if e.vertical(by) {
			return false, nil
		}
		if text, ok := e.history.step(by, string(e.text)); ok {
			e.set(text)
		}
	case complete:
		e.complete()
	case redraw:
		e.print("\x1b[H\x1b[2J")
		e.row = 0
	case end:
		if len(e.text) == 0 {
			return false, io.EOF
		}
		e.edit(k)
	default:
		e.edit(k)
	}
	return false, nil
}

// enter ends the message where it is whole.
func (e *Editor) enter() bool {
	if e.Continue == nil {
		return true
	}
	more, goOn := e.Continue(string(e.text))
	if goOn {
		e.set(more)
	}
	return !goOn
}

// complete writes out what all that the text could become begin with.
func (e *Editor) complete() {
	if e.Complete == nil || e.at < len(e.text) {
		return
	}
	all := e.Complete(string(e.text))
	if len(all) == 0 {
		return
	}
	common := all[0]
	for _, one := range all[1:] {
		for !strings.HasPrefix(one, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) > len(string(e.text)) {
		e.set(common)
	}
}

// print writes to the terminal, and keeps the first error.
func (e *Editor) print(text string) {
	if _, err := io.WriteString(e.out, text); e.outErr == nil {
		e.outErr = err
	}
}
