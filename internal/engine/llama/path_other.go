//go:build !linux && !windows

package llama

import (
	"os"
	"strconv"
)

// filePath names an open file by its descriptor: what is opened by that name is
// the same file, whatever has its old name by now.
func filePath(f *os.File) string { return "/dev/fd/" + strconv.Itoa(int(f.Fd())) }
