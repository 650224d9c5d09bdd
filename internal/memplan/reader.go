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
	// Texts are how many one step takes, in that many Sequences.
	Texts, Sequences int
	// Cells are the tokens that there is room for, Batch those that one step
	// takes.
	Cells, Batch int
}

// The names of the readers' lines in a plan.
const (
	EmbedLine  = "embedding"
	RerankLine = "reranking"
)

// EmbedReader makes vectors of texts of up to window tokens, or Own.
func EmbedReader(window int) Reader {
	return Reader{Name: EmbedLine, Key: "embed_n_ctx", Window: window}
}

// RerankReader makes scores of texts of up to window tokens, or Own.
func RerankReader(window int) Reader { return Reader{Name: RerankLine, Window: window} }

const (
	// DefaultWindow bounds the window where none is asked for: what it takes
	// grows with it, for a model that has to see a text whole with its square.
	DefaultWindow = 2048
	// TextAlign is what texts start at a multiple of where the model has to see
	// them whole: no processor adds up more numbers at a time.
	TextAlign = 16

	mostTexts   = 32
	mostStreams = 16
	// streamCells bounds the room of a model that looks back only, where each
	// text of a step has room of its own.
	streamCells = 16_384
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
	case r.Window == Own:
		r.Window = min(trained, DefaultWindow)
	}
	if r.Whole {
		r.Batch = roundUp(max(r.Window, DefaultBatch), TextAlign)
		r.Texts, r.Sequences = mostTexts, 2*mostTexts // one each to fill up
		r.Cells = roundUp(r.Batch, cellUnit)
		return r, nil
	}
	each := roundUp(r.Window, cellUnit)
	r.Texts = min(max(streamCells/each, 1), mostStreams)
	r.Batch, r.Sequences, r.Cells = DefaultBatch, r.Texts, r.Texts*each
	return r, nil
}

func roundUp(n, unit int) int {
	return int(min((int64(n)+int64(unit)-1)/int64(unit)*int64(unit), math.MaxInt32))
}

// addReader adds a line for a reader: its cells, what is computed in between,
// and what comes out, for which the engine always keeps room for the likelihood
// of every next token, too.
func (p *Plan) addReader(r Reader) {
	e, err := p.file.Estimate(gguf.Sizing{
		Cells: r.Cells, Sequences: r.Sequences, Split: !r.Whole, Batch: r.Batch, Flash: p.options.GPULayers != 0, Keys: gguf.F16, Values: gguf.F16,
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

// Mute reports whether nothing is planned for answers.
func (p Plan) Mute() bool { return p.options.NoAnswers }

// purpose is what the plan is for, in words.
func (p Plan) purpose() string {
	if p.options.NoAnswers {
		return ""
	}
	return fmt.Sprintf(" with a context of %d tokens for each of %d slots", p.Context, p.Slots)
}
