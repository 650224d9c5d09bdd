package host

import (
	"fmt"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/internal/prompt/hermes"
)

// invalid is an error that the caller of a request can mend.
type invalid struct{ msg string }

func (e *invalid) Error() string { return e.msg }

// prompter turns conversations into prompts for one model. Safe for
// concurrent use: the vocabulary does not change.
type prompter struct {
	model    *llama.Model
	renderer prompt.Renderer
	context  int
}

// manyBytes is far more text than one token stands for in any vocabulary. A
// prompt with more than that for every token of the context can be refused
// unseen, before it costs anything.
const manyBytes = 512

// conversation is what g asks about, in the neutral form.
func conversation(g *proto.Generate) prompt.Conversation {
	if g.Content != nil {
		return *g.Content
	}
	var c prompt.Conversation
	for _, m := range g.Messages {
		c.Messages = append(c.Messages, prompt.Message{Role: prompt.Role(m.Role), Blocks: []prompt.Block{prompt.Text(m.Content)}})
	}
	return c
}

// parserFor reads the answer to g. Where a grammar shapes the answer it is
// what the caller has asked for, and nothing is taken out of it.
func parserFor(g *proto.Generate, c prompt.Conversation, p prompt.Prompt) prompt.Parser {
	if g.Params.Grammar != "" {
		return nil
	}
	return hermes.New(hermes.Options{
		Thinking: p.Thinking, DropThinking: g.Content == nil, CallsAsText: len(c.Tools) == 0, Taken: c.CallIDs(),
	})
}

// tokens renders and tokenizes, and refuses what does not leave room for an
// answer.
func (p *prompter) tokens(c prompt.Conversation) ([]batch.Token, prompt.Prompt, error) {
	if size := c.Size(); size/manyBytes > p.context {
		return nil, prompt.Prompt{}, &invalid{fmt.Sprintf("the prompt has %d bytes, more than a context of %d tokens can hold",
			size, p.context)}
	}
	rendered, err := p.renderer.Render(c)
	if err != nil {
		return nil, rendered, &invalid{err.Error()}
	}
	var out []batch.Token
	if bos, wanted := p.model.BOS(); wanted {
		out = append(out, bos)
	}
	for _, s := range rendered.Segments {
		if out, err = p.segment(out, s); err != nil {
			return nil, rendered, err
		}
	}
	if len(out) >= p.context {
		return nil, rendered, &invalid{fmt.Sprintf("the prompt has %d tokens, but the context holds %d tokens for prompt and answer together",
			len(out), p.context)}
	}
	return out, rendered, nil
}

// segment appends the tokens of s.
func (p *prompter) segment(out []batch.Token, s prompt.Segment) ([]batch.Token, error) {
	if s.Marker {
		return p.model.Tokenize(out, s.Text, true)
	}
	for _, piece := range prompt.Defuse(s.Text, p.renderer.Markers()) {
		var err error
		if out, err = p.model.Tokenize(out, piece, false); err != nil {
			return out, err
		}
	}
	return out, nil
}
