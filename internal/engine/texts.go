package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/inferd/inferd/internal/engine/proto"
)

// Embed makes a vector of each text on the worker; Generate says what holds of
// ctx and errors. There are no vectors where the end has an error, or where ctx
// ended first.
func (e *Engine) Embed(ctx context.Context, m proto.Embed) ([][]float32, proto.End, error) {
	return e.read(ctx, len(m.Input), func(id uint64) ([]byte, error) {
		m.Request = id
		return proto.AppendJSON(nil, proto.KindEmbed, m)
	})
}

// Rerank scores each document: a vector of one number. The rest is as with
// Embed.
func (e *Engine) Rerank(ctx context.Context, m proto.Rerank) ([][]float32, proto.End, error) {
	return e.read(ctx, len(m.Documents), func(id uint64) ([]byte, error) {
		m.Request = id
		return proto.AppendJSON(nil, proto.KindRerank, m)
	})
}

func (e *Engine) read(ctx context.Context, texts int, frame func(uint64) ([]byte, error)) ([][]float32, proto.End, error) {
	e.mu.Lock()
	w := e.current
	e.mu.Unlock()
	if w == nil {
		return nil, proto.End{}, ErrNone
	}
	c, err := w.begin(texts, frame)
	if err != nil {
		return nil, proto.End{}, err
	}
	end, err := c.follow(ctx, func([]proto.Event) error { return nil })
	if err != nil || ctx.Err() != nil || end.Error != "" {
		return nil, end, err
	}
	vectors := c.taken()
	for _, v := range vectors {
		if v == nil {
			return nil, end, fmt.Errorf("%w: the worker left out a text", ErrDown)
		}
	}
	return vectors, end, nil
}

// vector takes what came out for a text. A worker may name no other texts than
// there are, and each once.
func (w *worker) vector(payload []byte) error {
	request, text, v, err := proto.Vector(payload)
	if err != nil {
		return err
	}
	if c := w.find(request); c != nil {
		return c.keep(text, v)
	}
	return nil
}

var errNoSuchText = errors.New("a vector for a text that was not asked for, or for one twice")

func (c *call) keep(text int, v []float32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text >= len(c.vectors) || c.vectors[text] != nil {
		return errNoSuchText
	}
	c.vectors[text] = v
	return nil
}

func (c *call) taken() [][]float32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.vectors
}
