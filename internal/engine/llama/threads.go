package llama

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// threads keeps a context's computing threads. Left alone, the library makes
// new ones for every batch and ends them with it: a thread that was just made
// waits behind whatever else wants a processor, and on a busy machine each batch
// then waits for it as long as the system lets a thread run.
//
// There is one set for each number of threads that was asked for: a set has to
// have as many as compute. One that is not used sleeps.
type threads struct {
	lib  *Library
	ctx  uintptr
	sets map[int]uintptr
	now  int
}

// threadsParams is ggml_threadpool_params.
type threadsParams struct {
	CPUMask   [512]bool
	NThreads  int32
	Priority  int32
	Poll      uint32
	StrictCPU bool
	Paused    bool
	_         [2]byte
}

var _ = [1]int{}[unsafe.Sizeof(threadsParams{})-528]

// threadsPoll is how long a thread looks out for the next batch before it
// sleeps, in the library's units. It does not: between two batches others
// have work to do with the answers.
const threadsPoll = 0

// use makes n threads compute from the next batch on. One thread alone is the
// caller's own.
func (t *threads) use(n int) {
	if t.now == n {
		return
	}
	t.now = n
	t.lib.setThreads(t.ctx, int32(n), int32(n))
	if n <= 1 || t.lib.pool.create == nil {
		t.lib.detachThreads(t.ctx)
		return
	}
	set := t.sets[n]
	if set == 0 {
		set = t.lib.pool.create(&threadsParams{NThreads: int32(n), Poll: threadsPoll})
		if set == 0 {
			t.lib.detachThreads(t.ctx)
			return
		}
		t.sets[n] = set
	}
	t.lib.attachThreads(t.ctx, set, set)
}

// close ends the threads. The context is gone by then.
func (t *threads) close() {
	for _, set := range t.sets {
		t.lib.pool.free(set)
	}
	clear(t.sets)
}

// poolSymbols make and end sets of threads. They are part of the CPU backend,
// which is known only once it is loaded.
type poolSymbols struct {
	create func(*threadsParams) uintptr
	free   func(uintptr)
}

// bindPool finds them, if the CPU backend has them.
func (l *Library) bindPool() {
	for i := range l.devCount() {
		dev := l.devGet(i)
		if l.devType(dev) != devTypeCPU {
			continue
		}
		reg := l.devReg(dev)
		create, free := l.regAddress(reg, "ggml_threadpool_new"), l.regAddress(reg, "ggml_threadpool_free")
		if create != 0 && free != 0 {
			purego.RegisterFunc(&l.pool.create, create)
			purego.RegisterFunc(&l.pool.free, free)
		}
		return
	}
}

const devTypeCPU = 0
