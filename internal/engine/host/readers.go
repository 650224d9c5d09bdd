package host

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/inferd/inferd/internal/engine/encode"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/internal/prompt/task"
)

// readers are what a model reads texts for; nil is what it does not.
type readers struct {
	embed  *embedder
	rerank *ranker
}

// planned are the contexts that m asks for beside the one for answers.
func planned(m proto.Load) (list []memplan.Reader) {
	if m.Embed != nil {
		list = append(list, memplan.EmbedReader(m.Embed.Window))
	}
	if m.Rerank != nil {
		list = append(list, memplan.RerankReader(m.Rerank.Window))
	}
	return list
}

// all are those that there are.
func (r readers) all() (list []*reader) {
	if r.embed != nil {
		list = append(list, r.embed.reader)
	}
	if r.rerank != nil {
		list = append(list, r.rerank.reader)
	}
	return list
}

// checkReaders refuses what the model can't be read for, before anything is
// loaded.
func checkReaders(m proto.Load, header *gguf.File) error {
	if m.Rerank != nil {
		if err := header.CheckScores(); err != nil {
			return fmt.Errorf("rerank is on, but %w", err)
		}
	}
	if m.Embed != nil {
		_, err := poolingFor(m.Embed.Pooling, header.Pooling())
		return err
	}
	return nil
}

// poolingFor decides how vectors are made. Where nobody says, it is the mean:
// what a model that was trained for something else gives the most with.
func poolingFor(asked string, own gguf.Pooling) (llama.Pooling, error) {
	if asked == "" {
		if asked = own.String(); own == gguf.PoolingUnsaid {
			asked = gguf.PoolingMean.String()
		}
	}
	for _, p := range []gguf.Pooling{gguf.PoolingMean, gguf.PoolingCLS, gguf.PoolingLast} {
		if asked == p.String() {
			return llama.Pooling(p), nil
		}
	}
	return 0, fmt.Errorf("embed is on with the pooling %q, which makes no vector of a text: embed_pooling can be mean, cls or last", asked)
}

// makeReaders makes the contexts that m asks for, on the loaded model.
func (l *loaded) makeReaders(m proto.Load, header *gguf.File, plan memplan.Plan) error {
	if len(plan.Readers) > 0 && l.model.ReadsApart() {
		return failed(proto.FailConfig, "", fmt.Errorf("a model with an encoder of its own (%s) can't be read for embed and rerank", header.Architecture()))
	}
	for _, p := range plan.Readers {
		pooling := llama.PoolingRank
		if p.Name == memplan.EmbedLine {
			var err error
			if pooling, err = poolingFor(m.Embed.Pooling, header.Pooling()); err != nil {
				return failed(proto.FailConfig, "", err)
			}
		}
		r, err := l.makeReader(m, p, pooling)
		if err != nil {
			return failed(proto.FailModel, "", err)
		}
		if p.Name == memplan.EmbedLine {
			family := task.Lookup(header.Architecture(), header.Name())
			l.readers.embed = &embedder{reader: r, model: l.model, family: family}
			l.ready.Embedding = &proto.Embedding{Size: l.model.EmbeddingSize(), Sizes: sizesUpTo(family.Sizes, l.model.EmbeddingSize()), Window: p.Window}
		} else {
			l.readers.rerank = &ranker{reader: r, pairs: newPairs(l.model)}
			l.ready.Reranking = &proto.Reranking{Window: p.Window}
		}
	}
	return nil
}

// makeReader makes one context and sees that the model can compute in it.
func (l *loaded) makeReader(m proto.Load, p memplan.Reader, pooling llama.Pooling) (*reader, error) {
	threads := cmp.Or(m.Threads, runtime.GOMAXPROCS(0))
	o := llama.ContextOptions{
		Cells: p.Cells, Batch: p.Batch, MaxSeqs: p.Sequences, Split: !p.Whole, Threads: threads, Pooling: pooling,
	}
	if m.GPULayers == 0 {
		o.Flash = llama.FlashOff // as for answers: docs/decisions/0008
	}
	if !p.Whole && pooling != llama.PoolingRank {
		// The engine computes a batch of texts of different lengths in several
		// parts then, and would pool each part: see reader.pool.
		o.Pooling = llama.Unpooled
	}
	ctx, err := l.model.NewContext(o)
	if err != nil {
		return nil, err
	}
	if err := useAdapters(ctx, m.Adapters); err != nil {
		ctx.Close()
		return nil, err
	}
	r := &reader{ctx: ctx, turns: l.turns, plan: p, pooling: pooling, pools: o.Pooling == llama.Unpooled}
	if m.Threads == 0 {
		r.tuner = newTuner(threads)
	}
	_, err = r.Decode([]encode.Entry{{Token: 0}})
	v := r.Vector(0)
	if err == nil && (len(v) == 0 || broken(v)) {
		err = encode.ErrVector
	}
	ctx.Clear(true)
	if err != nil {
		ctx.Close()
		return nil, fmt.Errorf("try the model out: %w", err)
	}
	return r, nil
}

// sizesUpTo leaves out what a smaller model of a family does not have.
func sizesUpTo(sizes []int, most int) (fit []int) {
	for _, n := range sizes {
		if n <= most {
			fit = append(fit, n)
		}
	}
	return fit
}
