package host

import (
	"cmp"
	"runtime"

	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/memplan"
)

// batchTokens is the size of one batch.
const batchTokens = memplan.DefaultBatch

// contextOptions are how a context of so many tokens for each slot is made. What
// can't be had together the plan has refused.
func contextOptions(m proto.Load, context int) llama.ContextOptions {
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
	case proto.FlashOn:
		o.Flash = llama.FlashOn
	case proto.FlashOff:
		o.Flash = llama.FlashOff
	default:
		// On the CPU an exact answer needs the other one: docs/decisions/0008.
		if m.GPULayers == 0 && !blocks {
			o.Flash = llama.FlashOff
		} else if blocks {
			o.Flash = llama.FlashOn
		}
	}
	return o
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
