package conformance

import (
	"errors"
	"fmt"
	"slices"
)

// answer is all frames of one request.
type answer struct {
	s        *surface
	frames   []*frame // the last is the terminal one
	text     string   // of the pieces
	thinking string
	calls    []*block
}

// anyID stands for any id in an answer.
const anyID = "*"

// answer reads up to the terminal frame.
func (c *conn) answer(id string) (answer, error) {
	a := answer{s: c.s}
	for {
		f, err := c.read()
		if err != nil {
			return a, fmt.Errorf("no terminal frame after %d others: %w", len(a.frames), err)
		}
		if id != anyID && *f.ID != id {
			return a, fmt.Errorf("a frame with the id %q, want %q: %s", *f.ID, id, short(f.raw))
		}
		a.add(f)
		if c.s.terminal(f) {
			return a, nil
		}
	}
}

func (a *answer) add(f *frame) {
	a.frames = append(a.frames, f)
	switch {
	case f.Type == "token":
		a.text += *f.Content
	case f.Type != "frame":
	case f.Block.Type == "text":
		a.text += *f.Block.Delta
	case f.Block.Type == "thinking":
		a.thinking += *f.Block.Delta
	default:
		a.calls = append(a.calls, f.Block)
	}
}

// last is the terminal frame.
func (a *answer) last() *frame { return a.frames[len(a.frames)-1] }

// written is how many tokens the answer has.
func (a *answer) written() uint {
	_, key := a.s.usageKeys()
	return *a.last().Usage[key]
}

// count is how many frames are of a type.
func (a *answer) count(kind string) int {
	n := 0
	for _, f := range a.frames {
		if f.Type == kind || f.Block != nil && f.Block.Type == kind {
			n++
		}
	}
	return n
}

// refused is the error that the answer is, if it is one.
func (a *answer) refused() error {
	if last := a.last(); last.Type == "error" {
		return fmt.Errorf("refused with %s: %s", last.Code, last.Message)
	}
	return nil
}

func (a *answer) String() string {
	last := a.last()
	switch {
	case last.Type == "error":
		return fmt.Sprintf("%s: %s", last.Code, short([]byte(last.Message)))
	case last.StopReason != "":
		return fmt.Sprintf("%d frames before done (%s)", len(a.frames)-1, last.StopReason)
	}
	return last.Type
}

// asked sends a request on a connection of its own and reads its answer.
func (p *probe) asked(change request) (answer, error) { return p.askedOn(p.surface, change) }

func (p *probe) askedOn(s *surface, change request) (answer, error) {
	c, err := p.dialTo(s)
	if err != nil {
		return answer{}, err
	}
	c.ask(s.request("x", change))
	return c.answer("x")
}

// answered is asked for a request that every server can serve.
func (p *probe) answered(change request) (answer, error) {
	a, err := p.asked(change)
	if err == nil {
		err = a.refused()
	}
	return a, err
}

// optional is asked for a request that needs a capability: a server without it
// refuses with one of the codes, and the rule is not applicable.
func (p *probe) optional(change request, codes ...string) (answer, error) {
	a, err := p.asked(change)
	if err != nil {
		return a, err
	}
	if refused := a.refused(); refused != nil {
		if slices.Contains(codes, a.last().Code) {
			return a, skipped("the server does not take it: " + a.last().Message)
		}
		return a, refused
	}
	return a, nil
}

var errNoText = errors.New("the answer has no text")
