package host

import (
	"time"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/llama"
)

// lm drives a native context for the batch loop.
type lm struct {
	ctx   *llama.Context
	model *llama.Model
	tuner *tuner // nil where the number of threads is fixed
	turns turns  // nil where there is no other context
	buf   []llama.Entry
}

func (m *lm) Decode(entries []batch.Entry) (batch.Status, error) {
	m.buf = m.buf[:0]
	for _, e := range entries {
		m.buf = append(m.buf, llama.Entry(e))
	}
	s, err := decode(m.ctx, m.tuner, m.turns, m.buf)
	return batch.Status(s), err
}

// decode computes a batch when it is the context's turn, with as many threads
// as the tuner says; nil leaves their number as it is.
func decode(ctx *llama.Context, t *tuner, turn turns, entries []llama.Entry) (llama.Status, error) {
	turn.take()
	defer turn.give()
	if t == nil {
		return ctx.Decode(entries)
	}
	threads := t.choose(len(entries))
	ctx.SetThreads(threads)
	began := time.Now()
	s, err := ctx.Decode(entries)
	if err == nil && s == llama.Decoded {
		t.observe(len(entries), threads, time.Since(began))
	}
	return s, err
}

func (m *lm) Logits(i int) []float32                 { return m.ctx.Logits(i) }
func (m *lm) Remove(seq, from int) bool              { return m.ctx.SeqRemove(seq, from) }
func (m *lm) Save(seq int) []byte                    { return m.ctx.SeqSave(seq) }
func (m *lm) Restore(seq int, state []byte) bool     { return m.ctx.SeqRestore(seq, state) }
func (m *lm) End(seq int) int                        { return m.ctx.SeqEnd(seq) }
func (m *lm) Abort(on bool)                          { m.ctx.Abort(on) }
func (m *lm) Piece(dst []byte, t batch.Token) []byte { return m.model.Piece(dst, t) }
func (m *lm) IsEOG(t batch.Token) bool               { return m.model.IsEOG(t) }

// The two packages number the ways a decode can end alike.
var (
	_ = [1]int{}[int(batch.Decoded)-int(llama.Decoded)]
	_ = [1]int{}[int(batch.Full)-int(llama.Full)]
	_ = [1]int{}[int(batch.Aborted)-int(llama.Aborted)]
)
