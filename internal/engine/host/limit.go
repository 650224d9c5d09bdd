package host

import "github.com/inferd/inferd/internal/memplan"

// limitMemory bounds what this process may take, to its plan and some room: a
// leak ends in a worker that dies, and not in a machine that stands still.
//
// Mapped files don't count, or a limit could not be told from the size of the
// model. Drivers of accelerators take addresses without end, and go without.
func limitMemory(plan memplan.Plan, gpuLayers int) {
	if gpuLayers == 0 {
		limitData(plan.Private())
	}
}

// slack is the room beside a plan: an eighth of it, for estimates that are too
// low; what the Go runtime and the allocator of the libraries map ahead; and
// the stacks of threads, which count as a whole.
func slack(private int64, processors int) int64 {
	return private/8 + 256<<20 + int64(processors)*(32<<20)
}
