package memory

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

func read() Available {
	root := os.DirFS("/")
	a := least(freeMemory(root), cgroups(root))
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_DATA, &lim) == nil && lim.Cur < math.MaxInt64 {
		// The worker inherits the limit, and starts with nothing.
		a = least(a, left(int64(lim.Cur), 0, "the limit on a process's data, `ulimit -d`"))
	}
	return a
}

func kills() int64 {
	n, _ := entry(os.DirFS("/"), "proc/vmstat", "oom_kill")
	return n
}
