//go:build !windows

package llama

import (
	"fmt"
	"os"

	"github.com/ebitengine/purego"
)

func openLibrary(path string) (uintptr, error) {
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

func symbol(lib uintptr, name string) (uintptr, error) { return purego.Dlsym(lib, name) }

// libc is what is needed of the C library.
type libc struct {
	strlen uintptr // stands in for an abort callback: see Context.SetAbort
	fdopen func(fd int32, mode string) uintptr
	fclose func(file uintptr) int32
}

func openLibc() (c libc, err error) {
	if c.strlen, err = purego.Dlsym(purego.RTLD_DEFAULT, "strlen"); err != nil {
		return c, fmt.Errorf("find the C library: %w", err)
	}
	for name, fn := range map[string]any{"fdopen": &c.fdopen, "fclose": &c.fclose} {
		p, err := purego.Dlsym(purego.RTLD_DEFAULT, name)
		if err != nil {
			return c, fmt.Errorf("find the C library: %w", err)
		}
		purego.RegisterFunc(fn, p)
	}
	return c, nil
}

// loadFile loads a model from an open file. The file stays the caller's.
func (l *Library) loadFile(f *os.File, p modelParams) (uintptr, error) {
	fd, err := dupFD(f)
	if err != nil {
		return 0, fmt.Errorf("duplicate model descriptor: %w", err)
	}
	file := l.libc.fdopen(int32(fd), "rb")
	if file == 0 {
		closeFD(fd)
		return 0, fmt.Errorf("open a C stream on the model")
	}
	defer l.libc.fclose(file)
	return l.modelLoadFile(file, p), nil
}
