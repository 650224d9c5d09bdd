package host

import (
	"fmt"

	"github.com/inferd/inferd/internal/engine/encode"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/prompt/task"
)

// embedder makes vectors of texts.
type embedder struct {
	*reader
	model  *llama.Model
	family task.Family
}

// request tokenizes the texts of m, and refuses those that the model can't see
// whole: nothing is cut. It gives up early, with an error of no account, where
// gone says that nobody waits.
func (e *embedder) request(m *proto.Embed, gone func() bool) (*encode.Request, error) {
	r := &encode.Request{ID: m.Request, Dimensions: m.Dimensions}
	prefix := e.family.Prefix(m.Task)
	for i, text := range m.Input {
		if gone() {
			return nil, encode.ErrCancelled
		}
		if size := len(prefix) + len(text); size/manyBytes > e.plan.Window {
			return nil, &invalid{fmt.Sprintf("input[%d] has %d bytes: more than the window's %d tokens can hold", i, size, e.plan.Window)}
		}
		tokens, err := e.model.TokenizeWhole(prefix + text)
		if err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			return nil, &invalid{fmt.Sprintf("input[%d] has no tokens: allowed are texts of one or more", i)}
		}
		if len(tokens) > e.plan.Window {
			return nil, &invalid{fmt.Sprintf("input[%d] has %d tokens: allowed are the window's %d", i, len(tokens), e.plan.Window)}
		}
		r.Texts = append(r.Texts, tokens)
	}
	return r, nil
}
