package host

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"

	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
)

// The context that a model gets where none is configured: what it was trained
// with, but not more than this, since memory grows with it.
const defaultContext = 8192

// batchTokens is the size of one batch.
const batchTokens = 512

// contextOptions are how a context of so many tokens for each slot is made.
func contextOptions(m proto.Load, context int) (llama.ContextOptions, error) {
	o := llama.ContextOptions{
		// Every slot has room for a whole context of its own, and the answer
		// of a request does not depend on what runs beside it: see Split.
		Cells: m.Slots * roundUp(context, 256), Split: true,
		Batch: cmp.Or(m.Batch, batchTokens), MaxSeqs: m.Slots, Threads: cmp.Or(m.Threads, runtime.GOMAXPROCS(0)),
		KeyType: m.KeyType, ValueType: m.ValueType,
	}
	// The engine keeps values in blocks only with the fused kernel.
	blocks := m.ValueType != "" && m.ValueType != "f16" && m.ValueType != "f32" && m.ValueType != "bf16"
	switch m.FlashAttention {
	case "", proto.FlashAuto:
		// On the CPU an exact answer needs the other one: docs/decisions/0008.
		if m.GPULayers == 0 && !blocks {
			o.Flash = llama.FlashOff
		} else if blocks {
			o.Flash = llama.FlashOn
		}
	case proto.FlashOn:
		o.Flash = llama.FlashOn
	case proto.FlashOff:
		o.Flash = llama.FlashOff
		if blocks {
			return o, fmt.Errorf("kv_type_v is %s, which needs flash attention, but flash_attn is off", m.ValueType)
		}
	default:
		return o, fmt.Errorf("flash attention %q: allowed are auto, on and off", m.FlashAttention)
	}
	return o, nil
}

// contextFor checks a configured context against the model's. More than it
// was trained with gives nonsense, and is refused rather than cut.
func contextFor(wanted, trained int) (int, error) {
	switch {
	case trained <= 0:
		return 0, errors.New("the model does not say what context it was trained with")
	case wanted <= 0:
		return min(trained, defaultContext), nil
	case wanted > trained:
		return 0, fmt.Errorf("n_ctx is %d, but the model was trained with a context of %d tokens", wanted, trained)
	}
	return wanted, nil
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
