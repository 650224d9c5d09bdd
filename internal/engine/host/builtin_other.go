//go:build !linux

package host

import (
	"fmt"
	"os"
)

// builtinFile puts the built-in model into a temporary file that is gone from
// the folder as soon as the system lets it be.
func builtinFile(b Builtin) (*os.File, error) {
	f, err := os.CreateTemp("", b.Name+"-*.gguf")
	if err != nil {
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
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
