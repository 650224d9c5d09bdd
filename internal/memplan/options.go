package memplan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/gguf"
)

// Values of Options.Context that are no number of tokens.
const (
	// Own is the context that the model was trained with, up to
	// DefaultContext.
	Own = 0
	// Auto is the largest context that fits, up to AutoContext.
	Auto = -1
)

const (
	// DefaultContext bounds the context where none is asked for, since memory
	// grows with it.
	DefaultContext = 8192
	// AutoContext bounds the context where the largest is asked for: every slot
	// gets one, and memory that is taken for a context that nobody fills is
	// missed elsewhere.
	AutoContext = 32_768
	// DefaultBatch is how many tokens are computed in one step.
	DefaultBatch = 512
)

// Options are how a model is to be run.
type Options struct {
	Context int // tokens of each slot, or Own or Auto
	Slots   int
	Batch   int // 0 is DefaultBatch
	// CacheBytes is what the states of past prompts may take in host memory.
	CacheBytes int64
	// Keys and Values name the types that the context is kept in, as the
	// engine names them: "f16", "q8_0". Empty is f16.
	Keys, Values string
	// GPULayers is how many layers go to an accelerator, the last ones first;
	// -1 is all.
	GPULayers int
	// NoMap reads the weights into memory instead of mapping the file.
	NoMap bool
	// Flash says when the fused attention kernel is used: FlashAuto, FlashOn or
	// FlashOff. Empty is FlashAuto.
	Flash string
	// Parts are the other files of a split model.
	Parts []*gguf.File
	// Readers are contexts for vectors and scores, beside the one for answers.
	Readers []Reader
	// NoAnswers leaves that one out.
	NoAnswers bool
	// AdapterBytes is what the weights of the LoRA adapters take.
	AdapterBytes int64
}

// Values of Options.Flash.
const (
	// FlashAuto uses the kernel on an accelerator, and where the values can't
	// be kept without it.
	FlashAuto = "auto"
	FlashOn   = "on"
	FlashOff  = "off"
)

// cacheTypes are the types that the engine keeps a context in.
var cacheTypes = map[string]gguf.Type{
	"f32": gguf.F32, "f16": gguf.F16, "bf16": gguf.BF16, "q8_0": gguf.Q8_0,
	"q4_0": gguf.Q4_0, "q4_1": gguf.Q4_1, "q5_0": gguf.Q5_0, "q5_1": gguf.Q5_1, "iq4_nl": gguf.IQ4_NL,
}

func cacheType(name string) (gguf.Type, error) {
	if name == "" {
		name = "f16"
	}
	t, ok := cacheTypes[name]
	if !ok {
		return 0, fmt.Errorf("the context is kept in %q, allowed are %s", name,
			strings.Join(slices.Sorted(maps.Keys(cacheTypes)), ", "))
	}
	return t, nil
}

// The most slots and tokens a batch that a plan is made for.
const (
	maxSlots = 256
	maxBatch = 1 << 20
)

// sizing is what the estimate is made from, but for the cells.
func (o Options) sizing() (gguf.Sizing, error) {
	s := gguf.Sizing{Sequences: o.Slots, Split: true, Batch: o.Batch}
	if s.Batch == 0 {
		s.Batch = DefaultBatch
	}
	var err error
	switch {
	case o.Slots < 1 || o.Slots > maxSlots:
		return s, fmt.Errorf("%d slots, allowed are 1 to %d", o.Slots, maxSlots)
	case s.Batch < 1 || s.Batch > maxBatch:
		return s, fmt.Errorf("a batch of %d tokens, allowed are 1 to %d", s.Batch, maxBatch)
	case o.CacheBytes < 0 || o.AdapterBytes < 0 || o.GPULayers < -1 || o.Context < Auto:
		return s, fmt.Errorf("%d bytes for past prompts and %d for adapters, %d layers on an accelerator, a context of %d: none may be less than 0, 0, -1 and -1",
			o.CacheBytes, o.AdapterBytes, o.GPULayers, o.Context)
	}
	if s.Keys, err = cacheType(o.Keys); err != nil {
		return s, err
	}
	if s.Values, err = cacheType(o.Values); err != nil {
		return s, err
	}
	s.Flash, err = o.flash(s.Values.Quantized())
	return s, err
}

// flash reports whether the fused kernel is used.
func (o Options) flash(blocks bool) (bool, error) {
	switch o.Flash {
	case "", FlashAuto:
		return blocks || o.GPULayers != 0, nil
	case FlashOn:
		return true, nil
	case FlashOff:
		if blocks {
			return false, fmt.Errorf("kv_type_v is %s, which needs flash attention, but flash_attn is off", o.Values)
		}
		return false, nil
	}
	return false, fmt.Errorf("flash attention %q: allowed are auto, on and off", o.Flash)
}

// ContextError means that a context was asked for that the model has not.
type ContextError struct {
	Wanted, Trained int
	Key             string // what asked for it; empty is n_ctx
}

func (e *ContextError) Error() string {
	if e.Trained <= 0 {
		return "the model does not say what context it was trained with"
	}
	return fmt.Sprintf("%s is %d, but the model was trained with a context of %d tokens", cmp.Or(e.Key, "n_ctx"), e.Wanted, e.Trained)
}

// context resolves what was asked for, and bounds what may be chosen. More
// than the model was trained with gives nonsense, and is refused and not cut.
func (o Options) context(trained int) (context, most int, err error) {
	switch {
	case trained <= 0 || o.Context > trained:
		return 0, 0, &ContextError{Wanted: o.Context, Trained: trained}
	case o.Context == Own:
		return min(trained, DefaultContext), trained, nil
	case o.Context == Auto:
		most = min(trained, AutoContext)
		return most, most, nil
	}
	return o.Context, trained, nil
}
