package memplan

import (
	"fmt"
	"math"

	"github.com/inferd/inferd/internal/gguf"
)

// Reader is a context that reads texts, many at a time, and makes a vector or
// a score of each.
type Reader struct {
	Name string // what it is for, as the plan's line
	Key  string // of the configuration, for Window
	// Window is how many tokens a text may have; Own is what the model was
	// trained with, up to a bound.
	Window int

	// The rest is resolved by For.

	// Whole says that the model has to see all of a text at once.
	Whole bool
	// Cells are the tokens that there is room for, Batch those that one step
	// takes.
	Cells, Batch int
}

const (
	// ReaderSequences is how many texts one step of a Reader takes.
	ReaderSequences = 64
	// DefaultWindow bounds the window of a model that has to see a text whole,
	// where none is asked for: what it takes grows with its square, and with
	// the vocabulary.
	DefaultWindow = 2048
)

// resolve fills in what follows from the model.
func (r Reader) resolve(f *gguf.File) (Reader, error) {
	trained := f.ContextLength()
	r.Whole = !f.Causal()
	switch {
	case trained <= 0 || r.Window > trained:
		return r, &ContextError{Wanted: r.Window, Trained: trained, Key: r.Key}
	case r.Window < 0:
		return r, fmt.Errorf("plan memory: a window of %d tokens, allowed are 0 and more", r.Window)
	case r.Window == Own && r.Whole:
		r.Window = min(trained, DefaultWindow)
	case r.Window == Own:
		r.Window = min(trained, DefaultContext)
	}
	r.Batch = DefaultBatch
	if r.Whole {
		r.Batch = max(r.Window, DefaultBatch)
	}
	r.Cells = int(min((int64(max(r.Window, r.Batch))+cellUnit-1)/cellUnit*cellUnit, math.MaxInt32))
	return r, nil
}

// addReader adds a line for a reader: its cells, what is computed in between,
// and what comes out, for which the engine always keeps room for the likelihood
// of every next token, too.
func (p *Plan) addReader(r Reader) {
	e, err := p.file.Estimate(gguf.Sizing{
		Cells: r.Cells, Sequences: ReaderSequences, Batch: r.Batch, Flash: p.options.GPULayers != 0, Keys: gguf.F16, Values: gguf.F16,
	})
	if err != nil {
		p.Unknown = append(p.Unknown, err.Error())
	}
	note := fmt.Sprintf("texts of up to %d tokens, %d tokens at a time", r.Window, r.Batch)
	kept := sum(e.KV, e.State)
	there := part(kept, p.offloaded(), int64(max(p.file.Layers(), 1)))
	host := sum(kept-there, outputs(p.file, r.Batch))
	if p.offloaded() > 0 {
		there = sum(there, e.Compute)
	} else {
		host = sum(host, e.Compute)
	}
	p.add(r.Name, host, false, note)
	p.add(r.Name, there, true, note)
}

// outputs is what the engine keeps of a batch.
func outputs(f *gguf.File, batch int) int64 {
	row := 4 * sum(int64(f.VocabSize()), int64(f.EmbeddingLength()))
	if batch > 0 && row > math.MaxInt64/int64(batch) {
		return math.MaxInt64
	}
	return int64(batch) * row
}

// purpose is what the plan is for, in words.
func (p Plan) purpose() string {
	if p.options.NoAnswers {
		return ""
	}
	return fmt.Sprintf(" with a context of %d tokens for each of %d slots", p.Context, p.Slots)
}
