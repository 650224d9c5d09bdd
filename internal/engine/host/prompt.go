package host

import (
	"fmt"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/prompt/chatml"
	"github.com/inferd/inferd/wire"
)

// invalid is an error that the caller of a request can mend.
type invalid struct{ msg string }

func (e *invalid) Error() string { return e.msg }

// prompter turns conversations into prompts for one model. Safe for
// concurrent use: the vocabulary does not change.
type prompter struct {
	model   *llama.Model
	format  chatml.Format
	context int
}

// manyBytes is far more text than one token stands for in any vocabulary. A
// prompt with more than that for every token of the context can be refused
// unseen, before it costs anything.
const manyBytes = 512

// tokens renders and tokenizes, and refuses what does not leave room for an
// answer.
func (p *prompter) tokens(messages []wire.Message) ([]batch.Token, error) {
	size := 0
	for _, m := range messages {
		size += len(m.Content)
	}
	if size/manyBytes > p.context {
		return nil, &invalid{fmt.Sprintf("the prompt has %d bytes, more than a context of %d tokens can hold",
			size, p.context)}
	}
	var out []batch.Token
	if bos, wanted := p.model.BOS(); wanted {
		out = append(out, bos)
	}
	for _, s := range p.format.Render(messages) {
		var err error
		if out, err = p.model.Tokenize(out, s.Text, s.Marker); err != nil {
			return nil, err
		}
	}
	if len(out) >= p.context {
		return nil, &invalid{fmt.Sprintf("the prompt has %d tokens, but the context holds %d tokens for prompt and answer together",
			len(out), p.context)}
	}
	return out, nil
}
