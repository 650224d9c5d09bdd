package engine

import "golang.org/x/sys/unix"

// hog takes memory until there is none under a limit, as a leak would.
func hog() {
	limit := unix.Rlimit{Cur: 512 << 20, Max: 512 << 20}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		panic(err)
	}
	for held := [][]byte{}; ; {
		held = append(held, make([]byte, 32<<20))
	}
}
