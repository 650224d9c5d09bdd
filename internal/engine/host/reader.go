package host

import (
	"errors"

	"github.com/inferd/inferd/internal/engine/encode"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/memplan"
)

// turns lets one context of a model compute at a time: the threads of two
// would only wait for one another. A nil one is for a model with one context.
type turns chan struct{}

func newTurns() turns { return make(turns, 1) }

func (t turns) take() {
	if t != nil {
		t <- struct{}{}
	}
}

func (t turns) give() {
	if t != nil {
		<-t
	}
}

// reader reads texts for one purpose, with a context of its own.
type reader struct {
	ctx   *llama.Context
	tuner *tuner // nil where the number of threads is fixed
	turns turns
	loop  *encode.Loop // with out, from start
	out   *vectors

	plan    memplan.Reader
	pooling llama.Pooling
	pools   bool // here, and not in the engine
	buf     []llama.Entry
}

var errNoRoom = errors.New("the engine's context for texts is full")

// Decode implements encode.Model.
func (r *reader) Decode(entries []encode.Entry) (done bool, err error) {
	r.buf = r.buf[:0]
	for _, e := range entries {
		r.buf = append(r.buf, llama.Entry{Token: e.Token, Seq: int32(e.Seq), Pos: int32(e.Pos), Logits: true})
	}
	s, err := decode(r.ctx, r.tuner, r.turns, r.buf)
	if err == nil && s == llama.Full {
		err = errNoRoom
	}
	return s == llama.Decoded, err
}

// Vector implements encode.Model.
func (r *reader) Vector(seq int) []float32 {
	if r.pools {
		return r.pool(seq)
	}
	return r.ctx.Vector(seq)
}

// pool makes one vector of those of a sequence's tokens in the last batch.
func (r *reader) pool(seq int) []float32 {
	var sum []float64
	n := 0.0
	for i, e := range r.buf {
		if int(e.Seq) != seq {
			continue
		}
		row := r.ctx.Row(i)
		if sum == nil {
			sum = make([]float64, len(row))
		}
		for k, x := range row {
			switch {
			case r.pooling == llama.PoolingMean:
				sum[k] += float64(x)
			case r.pooling == llama.PoolingLast || n == 0:
				sum[k] = float64(x)
			}
		}
		n++
	}
	if r.pooling != llama.PoolingMean {
		n = 1
	}
	v := make([]float32, len(sum))
	for k, x := range sum {
		v[k] = float32(x / n)
	}
	return v
}

// Clear implements encode.Model.
func (r *reader) Clear(data bool) { r.ctx.Clear(data) }

// Abort implements encode.Model.
func (r *reader) Abort(on bool) { r.ctx.Abort(on) }

// start makes the loop that r works for, whose answers go over l.
func (r *reader) start(l *link) {
	r.out = &vectors{link: l, scores: r.pooling == llama.PoolingRank}
	pooling := map[llama.Pooling]encode.Pooling{
		llama.PoolingMean: encode.Mean, llama.PoolingCLS: encode.First, llama.PoolingLast: encode.Last, llama.PoolingRank: encode.Score,
	}
	cfg := encode.Config{Batch: memplan.DefaultBatch, Sequences: r.plan.Texts, Whole: r.plan.Whole, Pooling: pooling[r.pooling]}
	if cfg.Whole {
		cfg.Align = memplan.TextAlign
	}
	r.loop = encode.New(r, r.out, cfg)
}
