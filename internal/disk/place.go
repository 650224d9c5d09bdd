package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Nearest is a folder, or where that is missing, the nearest one above that is
// there: what it would be made in.
func Nearest(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		above := filepath.Dir(dir)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is not a directory", dir)
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist) || above == dir:
			return "", err
		}
		dir = above
	}
}

// Writable says why this user can't make files in a folder, or can't make the
// folder; nil where nothing speaks against it. It changes nothing, and is no
// more than a look: trying tells.
func Writable(dir string) error {
	dir, err := Nearest(dir)
	if err != nil {
		return err
	}
	if err := mayWrite(dir); err != nil {
		return &fs.PathError{Op: "write to", Path: dir, Err: err}
	}
	return nil
}

// Room is how many bytes can still be written in a folder, or where it would be
// made.
func Room(dir string) (int64, error) {
	dir, err := Nearest(dir)
	if err != nil {
		return 0, err
	}
	r, err := OpenReal(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	return r.Free()
}
