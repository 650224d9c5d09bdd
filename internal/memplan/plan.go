package memplan

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"

	"github.com/inferd/inferd/internal/gguf"
)

// Plan is what a model takes, for one context.
type Plan struct {
	Context int // tokens of each slot
	Trained int // tokens that the model was trained with
	Slots   int
	// Cache is what the states of past prompts may take, without the room that
	// they need beside. They are worth having and can be done without, so they
	// get what is left, up to what was asked for.
	Cache int64
	Lines []Line
	// Readers are those of the options, with everything resolved.
	Readers []Reader
	// Unknown are reasons why something is missing in the lines, in words: the
	// plan is then too small, and the context is not bounded by it.
	Unknown []string

	file    *gguf.File
	options Options
	sizing  gguf.Sizing
	most    int   // tokens that the context may have
	private int64 // bytes of the host's that are no mapped file
}

// Line is a part of a plan.
type Line struct {
	What  string `json:"what"`
	Bytes int64  `json:"bytes"`
	// Accelerator says that the memory is not the host's.
	Accelerator bool   `json:"accelerator,omitempty"`
	Note        string `json:"note,omitempty"`
}

// Memory is what there is for a plan, in bytes; 0 where that is not known, and
// nothing is refused for it.
type Memory struct{ Host, Accelerator int64 }

// For makes the plan of a model, whose header f is. The error says which of the
// options can't be had; it is a *ContextError for a context beyond the model's.
func For(f *gguf.File, o Options) (Plan, error) {
	sizing, err := o.sizing()
	if err != nil {
		return Plan{}, fmt.Errorf("plan memory: %w", err)
	}
	context, most, err := o.context(f.ContextLength())
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Trained: f.ContextLength(), Slots: o.Slots, Cache: o.CacheBytes, file: f, options: o, sizing: sizing, most: most}
	if _, err := f.Estimate(p.sized(context)); err != nil {
		return Plan{}, fmt.Errorf("plan memory: %w", err)
	}
	for _, r := range o.Readers {
		if r, err = r.resolve(f); err != nil {
			return Plan{}, err
		}
		p.Readers = append(p.Readers, r)
	}
	return p.At(context), nil
}

// cellUnit is what the engine rounds a slot's cells up to.
const cellUnit = 256

func (p Plan) sized(context int) gguf.Sizing {
	s := p.sizing
	cells := (int64(context) + cellUnit - 1) / cellUnit * cellUnit * int64(p.Slots)
	s.Cells = int(min(cells, math.MaxInt32))
	return s
}

// At is the plan for another context, of 1 to the model's own.
func (p Plan) At(context int) Plan {
	p.Context = min(max(context, 1), p.Trained)
	// For has seen that the options suit the model; the context alone makes no
	// difference to that.
	e, _ := p.file.Estimate(p.sized(p.Context))
	p.Unknown, p.Lines = e.Unknown, nil
	onDevice := p.offloaded()
	mapped, copied := p.weights(e)
	p.add("adapters", p.options.AdapterBytes, false, "read into memory")
	if !p.options.NoAnswers {
		p.share("context", e.KV, fmt.Sprintf("keys in %s and values in %s for %d slots of %d tokens", kept(p.options.Keys), kept(p.options.Values), p.Slots, p.Context))
		p.share("state", e.State, fmt.Sprintf("what %d sequences leave in layers with a state", p.Slots))
		p.add("compute", e.Compute, onDevice > 0, fmt.Sprintf("intermediate results of a batch of %d tokens", p.sizing.Batch))
	}
	for _, r := range p.Readers {
		p.addReader(r)
	}
	p.add(pastPrompts, CacheRoom(p.Cache), false, "up to cache_mib and a quarter for garbage, filled as they come")
	p.add("worker", overhead(p.file), false, "the process itself, its vocabulary and room to work")
	p.private = copied + p.Host() - mapped
	return p
}

// share adds what is spread over the layers.
func (p *Plan) share(what string, bytes int64, note string) {
	there := part(bytes, p.offloaded(), int64(max(p.file.Layers(), 1)))
	p.add(what, bytes-there, false, note)
	p.add(what, there, true, note)
}

func kept(name string) string { return cmp.Or(name, "f16") }

func (p *Plan) add(what string, bytes int64, accelerator bool, note string) {
	if bytes > 0 {
		p.Lines = append(p.Lines, Line{What: what, Bytes: bytes, Accelerator: accelerator, Note: note})
	}
}

// offloaded is how many layers go to an accelerator.
func (p Plan) offloaded() int64 {
	layers := p.file.Layers()
	if p.options.GPULayers < 0 {
		return int64(layers)
	}
	return int64(min(p.options.GPULayers, layers))
}

// weights adds a line for each type of weight. Where the engine keeps weights
// in another order it makes a copy, and does not look at those in the file
// again, so that they count once; but the copy is memory that the system can't
// take back. The bytes returned are those on the host that are mapped, and those
// that may be copied.
func (p *Plan) weights(e gguf.Estimate) (mapped, copied int64) {
	sizes := map[gguf.Type]int64{}
	for _, f := range append([]*gguf.File{p.file}, p.options.Parts...) {
		for _, t := range f.Tensors {
			sizes[t.Type] = sum(sizes[t.Type], t.Size)
		}
	}
	note := "mapped from the file"
	if p.options.NoMap {
		note = "read into memory"
	}
	types := slices.Collect(maps.Keys(sizes))
	sort.Slice(types, func(i, j int) bool {
		return cmp.Or(cmp.Compare(sizes[types[j]], sizes[types[i]]), cmp.Compare(types[i], types[j])) < 0
	})
	for _, t := range types {
		there := part(sizes[t], p.offloaded(), int64(max(p.file.Layers(), 1)))
		p.add("weights "+t.String(), sizes[t]-there, false, note)
		p.add("weights "+t.String(), there, true, "")
		mapped = sum(mapped, sizes[t]-there)
	}
	if p.options.NoMap {
		return mapped, mapped
	}
	return mapped, min(e.Repacked, mapped)
}

// What a worker takes beside what the engine logs, measured as the part of its
// memory that is not in the other lines: libraries, the Go runtime, and for
// each token of the vocabulary its text, the index of it and the sampler's
// tables.
const (
	workerBytes = 32 << 20
	tokenBytes  = 320
)

func overhead(f *gguf.File) int64 { return workerBytes + tokenBytes*int64(f.VocabSize()) }

const pastPrompts = "past prompts"

// CacheRoom is what a budget for the states of past prompts takes in all: they
// lie in a heap with garbage collection, which needs some room to work.
func CacheRoom(budget int64) int64 { return sum(budget, budget/4) }

// part is n * of / all without leaving the numbers.
func part(n, of, all int64) int64 {
	if of >= all {
		return n
	}
	return n/all*of + n%all*of/all
}

// sum stops at the largest number, as the estimate does.
func sum(numbers ...int64) int64 {
	var total int64
	for _, n := range numbers {
		if n > math.MaxInt64-total {
			return math.MaxInt64
		}
		total += n
	}
	return total
}
