package host

import (
	"errors"
	"runtime/debug"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/memplan"
)

// planFor decides how much memory the model gets, before any of it is taken: a
// model that does not fit would bring down whatever the system chooses.
func planFor(m proto.Load, files *modelFiles) (memplan.Plan, error) {
	if err := checkReaders(m, files.info); err != nil {
		return memplan.Plan{}, failed(proto.FailConfig, "", err)
	}
	context := m.Context
	if !files.info.Answers() { // nothing is written that it could be for
		context = memplan.Own
	}
	plan, err := memplan.For(files.info, memplan.Options{
		Context: context, Slots: m.Slots, Batch: m.Batch, CacheBytes: int64(m.CacheBytes), GPULayers: m.GPULayers,
		Keys: m.KeyType, Values: m.ValueType, Flash: m.FlashAttention, NoMap: m.NoMmap,
		Parts: files.others, AdapterBytes: files.extra,
		Readers: planned(m), NoAnswers: !files.info.Answers(),
	})
	if err != nil {
		return plan, failed(proto.FailConfig, "", err)
	}
	plan, err = plan.Resolve(memplan.Memory{Host: m.Memory})
	if large, ok := errors.AsType[*memplan.TooLargeError](err); ok {
		return plan, failed(proto.FailMemory, large.Hint(), err)
	}
	// The Go heap may hold what it is planned for, and little garbage beside.
	debug.SetMemoryLimit(memplan.CacheRoom(plan.Cache) + goHeap)
	return plan, err
}

// goHeap is what the Go part of a worker has beside the states of past
// prompts: requests, tokens, tables of the sampler.
const goHeap = 128 << 20
