package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/inferd/inferd/internal/lineedit"
)

// prompt is what stands before a message.
const prompt = "> "

// block opens and closes a message of any lines.
const block = `"""`

// goesOn looks at a message of which Enter was pressed: it goes on behind a
// backslash, and inside of a block.
func goesOn(text string) (more string, goOn bool) {
	if inside, ok := strings.CutPrefix(text, block); ok {
		if strings.HasSuffix(inside, block) {
			return text, false
		}
		return text + "\n", true
	}
	if head, ok := strings.CutSuffix(text, `\`); ok {
		return head + "\n", true
	}
	return text, false
}

// isBlock reports whether a message is a block, and returns what is in it.
func isBlock(text string) (string, bool) {
	inside, opened := strings.CutPrefix(text, block)
	inside, closed := strings.CutSuffix(inside, block)
	if !opened || !closed {
		return text, false
	}
	return strings.TrimSuffix(strings.TrimPrefix(inside, "\n"), "\n"), true
}

// read returns what is said next.
func (c *chat) read(ctx context.Context, prompt string) (string, error) {
	if c.editor != nil {
		return c.readTerminal(ctx, prompt)
	}
	text, goOn := "", true
	for goOn {
		line, err := c.input.Line(ctx)
		switch {
		case errors.Is(err, io.EOF) && strings.HasPrefix(text, block):
			return "", usageError("end it with "+block, "the input ends inside of a message that %s has opened", block)
		case errors.Is(err, io.EOF) && text != "":
			return strings.TrimSuffix(text, "\n"), nil
		case err != nil:
			return "", err
		}
		text, goOn = goesOn(text + strings.ToValidUTF8(line, "\uFFFD"))
	}
	return text, nil
}

// readTerminal reads from the terminal, which is in raw mode while it does and
// no longer: what else happens can be interrupted and stopped as usual.
func (c *chat) readTerminal(ctx context.Context, prompt string) (string, error) {
	if f, ok := c.program.stdin.Reader.(*os.File); ok {
		before, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return "", fmt.Errorf("put the terminal into raw mode: %w", err)
		}
		defer func() { _ = term.Restore(int(f.Fd()), before) }()
	}
	return c.editor.Read(ctx, prompt)
}

// loop reads messages and commands until there are no more.
func (c *chat) loop(ctx context.Context) error {
	for {
		text, err := c.read(ctx, prompt)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, lineedit.ErrInterrupt):
			if c.leaves(err) {
				return nil
			}
			continue
		case err != nil:
			return err
		}
		c.warned = false
		if strings.TrimSpace(text) == "" {
			continue
		}
		if c.editor != nil {
			c.editor.Remember(text)
		}
		quit, err := c.take(ctx, text)
		switch {
		case quit || ctx.Err() != nil:
			return errors.Join(err, context.Cause(ctx))
		case err != nil && (c.editor == nil || is[interrupted](err)):
			return err
		case err != nil:
			// A person can do something about it.
			c.program.report(err)
		}
	}
}

// leaves reports whether Ctrl-C ends the chat: the second one does, where
// nothing was typed.
func (c *chat) leaves(err error) bool {
	pressed, ok := errors.AsType[*lineedit.InterruptError](err)
	if !ok || !pressed.Empty {
		c.warned = false
		return false
	}
	if c.warned {
		return true
	}
	c.warned = true
	fmt.Fprintln(c.program.stdout, "Ctrl-C again or Ctrl-D leaves")
	return false
}

// take does what was said: a command, or a message for the model. A command is
// one line that begins with a slash; behind a second slash it is a message.
func (c *chat) take(ctx context.Context, text string) (quit bool, err error) {
	if inside, ok := isBlock(text); ok {
		return false, c.say(ctx, inside)
	}
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		return false, c.say(ctx, "/"+rest)
	}
	if strings.HasPrefix(text, "/") {
		return c.command(text)
	}
	return false, c.say(ctx, text)
}
