package llama_test

import (
	"os"
	"testing"
)

// systemThreads is how many threads this process has.
func systemThreads(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// The threads that compute are made once, and end with the context. Nothing is
// computed here: so many on a few processors would wait for one another for
// minutes. Go's own threads come and go meanwhile; there are enough of the
// others to tell.
func TestThreads_StayAndEndWithTheContext(t *testing.T) {
	const many = 40
	c := contextWith(t, builtin(t), 1, 1)
	alone := systemThreads(t)
	for range 3 {
		c.SetThreads(many)
		if n := systemThreads(t); n < alone+many/2 || n > alone+many+many/2 {
			t.Errorf("%d threads, %d before %d were asked for", n, alone, many)
		}
		c.SetThreads(1)
	}
	c.Close()
	if n := systemThreads(t); n > alone+many/2 {
		t.Errorf("%d threads are left, %d were there before", n, alone)
	}
}
