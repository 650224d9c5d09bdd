package host

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// builtinFile puts the built-in model into an anonymous file in memory, which
// the engine can map like any other and which nobody else can reach.
func builtinFile(b Builtin) (*os.File, error) {
	fd, err := unix.MemfdCreate(b.Name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	f := os.NewFile(uintptr(fd), b.Name)
	if _, err := f.Write(b.GGUF); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	return f, nil
}
