package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

const tempPrefix = ".tmp-"

// AtomicWrite makes write's output the content of the file with this name, new
// or replaced. Readers see the old content or the new one, whole, and so does
// who looks after a power cut. On an error the old content stays and nothing is
// left beside it, unless the very last step failed: then the new content is in
// place, but may not survive a power cut.
func AtomicWrite(fsys FS, name string, write func(io.Writer) error) error {
	dir := path.Dir(name)
	temp, err := writeTemp(fsys, dir, write)
	if err != nil {
		return fmt.Errorf("write %s: %w", fsys.Path(name), err)
	}
	if err := fsys.Rename(temp, name); err != nil {
		// What can't be removed now is found by its prefix later.
		_ = fsys.Remove(temp)
		return fmt.Errorf("write %s: %w", fsys.Path(name), err)
	}
	if err := fsys.SyncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", fsys.Path(name), err)
	}
	return nil
}

// writeTemp writes a new, synced file in dir, and removes it if that fails.
func writeTemp(fsys FS, dir string, write func(io.Writer) error) (name string, err error) {
	name = path.Join(dir, TempName())
	f, err := fsys.Create(name)
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = fsys.Remove(name) // why it was not written is the news, not this
		return "", err
	}
	return name, nil
}

// TempName is a new name for a file that is not finished. IsTemp knows it.
func TempName() string { return tempPrefix + strings.ToLower(rand.Text()) }

// IsTemp reports whether the last element of name is one of TempName's: one
// that stands there long after it was written is what a crash left.
func IsTemp(name string) bool { return strings.HasPrefix(path.Base(name), tempPrefix) }

// MkdirAll makes a folder and those above it that are missing, all of them
// durable. Those that are there are synced as well: who made them may not have
// come to that yet.
func MkdirAll(fsys FS, name string) error {
	if name == "." {
		return nil
	}
	dir := path.Dir(name)
	if err := MkdirAll(fsys, dir); err != nil {
		return err
	}
	if err := fsys.Mkdir(name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.SyncDir(dir)
}

// Private makes a file that AtomicWrite writes readable for its owner alone.
// Where modes mean nothing it does nothing.
func Private(w io.Writer) error {
	f, ok := w.(*realFile)
	if !ok {
		return nil
	}
	return f.Chmod(0o600)
}
