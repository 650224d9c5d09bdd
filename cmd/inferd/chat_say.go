package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/chatfile"
	"github.com/inferd/inferd/internal/lineedit"
	"github.com/inferd/inferd/wire"
)

// maxToolTurns is how many answers in a row may call tools.
const maxToolTurns = 16

// say sends a message, prints the answer, and keeps the turn.
func (c *chat) say(ctx context.Context, text string) error {
	user := client.UserText(text)
	req := c.request(slices.Concat(c.file.Messages(), []wire.V2Message{user}))
	if err := req.Validate(able, nil); err != nil {
		return asFlag(err, "chat")
	}
	grown, err := c.answer(ctx, req)
	if isLost(err) {
		// The daemon has stopped since: nothing was sent, so another may answer.
		if err = c.reconnect(ctx); err == nil {
			grown, err = c.answer(ctx, req)
		}
	}
	cancelled := errors.Is(err, errCancelled)
	if cancelled {
		err = nil
		fmt.Fprintln(c.program.stdout, "(cancelled)")
	}
	if err != nil || cancelled && len(grown) == 0 {
		return err // as if it had not been said
	}
	return c.file.AddTurn(append(chatfile.Turn{user}, grown...))
}

// answer prints the answer to a request, and returns what the conversation grew
// by. Of one that was cancelled that is what was there.
func (c *chat) answer(ctx context.Context, req *wire.V2Request) ([]wire.V2Message, error) {
	ctx, cancel, done := c.signals.answering(ctx)
	defer done()
	a := &answer{program: c.program, chat: true, begun: time.Now()}
	part := &client.Answer{}
	run, err := c.client.RunTools(ctx, req, c.toolFuncs(cancel), maxToolTurns, func(frame wire.V2Response) {
		part.Add(frame)
		if err := a.print(frame); err != nil {
			cancel(err)
		}
		if d, ok := frame.(*wire.V2Done); ok {
			a.endLine()
			c.count(a, d)
			part = &client.Answer{}
		}
	})
	a.endLine()
	if err == nil {
		return run.Messages, c.judge(a)
	}
	if errors.Is(err, errCancelled) {
		part.Calls = nil // there is no result
		if m, ok := part.Message(); ok {
			run.Messages = append(run.Messages, m)
		}
		return run.Messages, err
	}
	return nil, answerError(err)
}

// count keeps the figures of an answer.
func (c *chat) count(a *answer, d *wire.V2Done) {
	c.last = a
	c.total.PromptTokens += d.Usage.PromptTokens
	c.total.CachedTokens += d.Usage.CachedTokens
	c.total.CompletionTokens += d.Usage.CompletionTokens
}

// judge says what there is to say about a whole answer.
func (c *chat) judge(a *answer) error {
	switch what, bad := stopped[a.done.stop]; {
	case bad:
		return &failure{err: errors.New(what), hint: "`inferd status` shows the state of the backends"}
	case a.done.wasCut():
		a.warnCut()
	}
	return nil
}

// isLost reports whether a request failed because there is no daemon to take
// it.
func isLost(err error) bool {
	return errors.Is(err, client.ErrNotRunning) || is[*client.NotReadyError](err)
}

// reconnect finds a daemon again, or starts one.
func (c *chat) reconnect(ctx context.Context) error {
	ctx, _, done := c.signals.answering(ctx)
	defer done()
	next, err := c.starter().connect(ctx)
	if err != nil {
		return err
	}
	_ = c.client.Close()
	c.client = next
	return nil
}

// toolFuncs ask the user for what the tools return.
func (c *chat) toolFuncs(cancel context.CancelCauseFunc) map[string]client.ToolFunc {
	all := make(map[string]client.ToolFunc, len(c.tools))
	for _, t := range c.tools {
		all[t.Name] = func(ctx context.Context, _ json.RawMessage) (string, error) {
			text, err := c.read(ctx, "result of "+t.Name+"> ")
			switch {
			case errors.Is(err, lineedit.ErrInterrupt), errors.Is(err, io.EOF) && c.editor != nil:
				cancel(errCancelled)
			case errors.Is(err, io.EOF):
				cancel(errNoResult)
			case err != nil:
				cancel(err)
			}
			inside, _ := isBlock(text)
			return inside, nil
		}
	}
	return all
}

var errNoResult = &failure{
	err:  errors.New("the model calls a tool, and the input has no line with its result"),
	hint: "put the result on the line behind the message",
}

// callLine is a tool call for a person.
func callLine(b *wire.Piece) string { return "→ " + oneLine(b.Name) + " " + oneLine(string(b.Input)) }
