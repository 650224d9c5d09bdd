package llama

import (
	"runtime"
	"sync"

	"github.com/ebitengine/purego"
)

// progress is the one progress callback of the process: C callbacks are never
// freed, so it is made once and what it calls is swapped.
var progress struct {
	once sync.Once
	ptr  uintptr

	// mu guards the field below.
	mu sync.Mutex
	fn func(float32)
}

// progressCallback arms the callback with fn. It answers 0, which the library
// takes for no callback, on Windows, where callbacks can't take floats.
func progressCallback(fn func(float32)) (ptr uintptr, release func()) {
	if runtime.GOOS == "windows" {
		return 0, func() {}
	}
	progress.once.Do(func() { progress.ptr = purego.NewCallback(progressed) })
	set := func(f func(float32)) {
		progress.mu.Lock()
		defer progress.mu.Unlock()
		progress.fn = f
	}
	set(fn)
	return progress.ptr, func() { set(nil) }
}

// progressed is llama_progress_callback; true goes on loading.
func progressed(fraction float32, _ uintptr) bool {
	defer func() { _ = recover() }()
	progress.mu.Lock()
	fn := progress.fn
	progress.mu.Unlock()
	if fn != nil {
		fn(fraction)
	}
	return true
}
