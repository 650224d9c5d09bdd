package llama

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

func openLibrary(path string) (uintptr, error) {
	// The altered search path finds the sibling libraries in the same folder,
	// and nowhere else that a user could write to.
	h, err := windows.LoadLibraryEx(path, 0, windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR|windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	return uintptr(h), err
}

func symbol(lib uintptr, name string) (uintptr, error) {
	return windows.GetProcAddress(windows.Handle(lib), name)
}

type libc struct{ strlen uintptr }

func openLibc() (libc, error) {
	d := windows.NewLazySystemDLL("ucrtbase.dll").NewProc("strlen")
	if err := d.Find(); err != nil {
		return libc{}, fmt.Errorf("find the C library: %w", err)
	}
	return libc{strlen: d.Addr()}, nil
}

// loadFile loads a model by its path: a C stream can't be shared with a
// library that has its own C runtime.
func (l *Library) loadFile(f *os.File, p modelParams) (uintptr, error) {
	return l.modelLoad(f.Name(), p), nil
}
