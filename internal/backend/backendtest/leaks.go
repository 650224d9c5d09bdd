package backendtest

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// goroutines are the stacks of all goroutines, by "goroutine N".
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	all := make(map[string]string)
	for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		name, _, _ := strings.Cut(stack, " [")
		all[name] = stack
	}
	return all
}

// expectNoneSince waits until no goroutine is left that was not there before.
func expectNoneSince(t testing.TB, before map[string]string, patience time.Duration) {
	t.Helper()
	deadline := time.After(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		left := goroutines()
		maps.DeleteFunc(left, func(name, _ string) bool {
			_, old := before[name]
			return old
		})
		if len(left) == 0 {
			return
		}
		select {
		case <-deadline:
			t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(slices.Sorted(maps.Values(left)), "\n\n"))
			return
		case <-time.After(pause):
		}
	}
}
