package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Real is a folder of the system as an FS. Close it after use; the files that
// it opened stay open.
type Real struct {
	root *os.Root
	dir  string // absolute
}

// OpenReal opens a folder that is there.
func OpenReal(dir string) (*Real, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", dir, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, err
	}
	return &Real{root: root, dir: abs}, nil
}

// MakeReal opens a folder, and makes it where it is missing, with those above
// it, all durable.
func MakeReal(dir string) (*Real, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", dir, err)
	}
	// The nearest folder that is there is the tree in which the rest is made.
	top := abs
	for {
		r, err := OpenReal(top)
		above := filepath.Dir(top)
		if !errors.Is(err, fs.ErrNotExist) || above == top {
			if err != nil || top == abs {
				return r, err
			}
			return r.sub(abs)
		}
		top = above
	}
}

// sub makes the folder abs, which lies below, and opens it in place of r.
func (r *Real) sub(abs string) (*Real, error) {
	defer r.root.Close()
	rel, err := filepath.Rel(r.dir, abs)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", abs, err)
	}
	if err := MkdirAll(r, filepath.ToSlash(rel)); err != nil {
		return nil, err
	}
	return OpenReal(abs)
}

// Close gives up the folder. Calls after the first do nothing.
func (r *Real) Close() error { return r.root.Close() }

// Path implements FS.
func (r *Real) Path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// linkMode is what leads elsewhere: symbolic links, and the junctions of
// Windows.
const linkMode = fs.ModeSymlink | fs.ModeIrregular

// local checks a name, and that no link lies on the way to it, and returns it
// as the system writes it. Whoever may put links into the tree may also replace
// its files, so a link that appears right after is no new danger; os.Root keeps
// it inside the tree in any case.
func (r *Real) local(op, name string) (string, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: r.Path(name), Err: fs.ErrInvalid}
	}
	for i := range len(name) {
		if name[i] == '/' {
			if err := r.refuseLink(op, name[:i]); err != nil {
				return "", err
			}
		}
	}
	return local, nil
}

func (r *Real) refuseLink(op, name string) error {
	info, err := r.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return r.explain(op, name, err)
	}
	if info.Mode()&linkMode != 0 {
		return &fs.PathError{Op: op, Path: r.Path(name), Err: ErrSymlink}
	}
	return nil
}

// explain names the whole path in an error, where os.Root has the part below
// its folder.
func (r *Real) explain(op, name string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return &fs.PathError{Op: op, Path: r.Path(name), Err: err}
}

// Stat implements FS.
func (r *Real) Stat(name string) (fs.FileInfo, error) {
	local, err := r.local("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := r.root.Lstat(local)
	if err != nil {
		return nil, r.explain("stat", name, err)
	}
	return info, nil
}

// ReadDir implements FS.
func (r *Real) ReadDir(name string) ([]fs.DirEntry, error) {
	d, err := r.openDir("read folder", name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, r.explain("read folder", name, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// openDir opens a folder itself, by no link.
func (r *Real) openDir(op, name string) (*os.File, error) {
	local, err := r.local(op, name)
	if err != nil {
		return nil, err
	}
	if err := r.refuseLink(op, name); err != nil {
		return nil, err
	}
	d, err := r.root.Open(local)
	if err != nil {
		return nil, r.explain(op, name, err)
	}
	return d, nil
}

// Mkdir implements FS.
func (r *Real) Mkdir(name string) error {
	return r.change("mkdir", name, func(local string) error { return r.root.Mkdir(local, 0o755) })
}

// Remove implements FS.
func (r *Real) Remove(name string) error { return r.change("remove", name, r.root.Remove) }

func (r *Real) change(op, name string, f func(local string) error) error {
	local, err := r.local(op, name)
	if err != nil {
		return err
	}
	if err := f(local); err != nil {
		return r.explain(op, name, err)
	}
	return nil
}

// Rename implements FS.
func (r *Real) Rename(from, to string) error {
	old, err := r.local("rename", from)
	if err != nil {
		return err
	}
	return r.change("rename to", to, func(local string) error { return r.root.Rename(old, local) })
}

// SameFile implements FS.
func (r *Real) SameFile(a, b fs.FileInfo) bool { return os.SameFile(a, b) }
