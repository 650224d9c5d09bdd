//go:build !linux

package engine

import (
	"fmt"
	"os"
)

// hog ends as a Go program without memory does.
func hog() {
	fmt.Fprintln(os.Stderr, "fatal error: runtime: out of memory")
	os.Exit(2)
}
