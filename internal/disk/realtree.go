package disk

import (
	"errors"
	"fmt"
	"io/fs"
)

// SyncDir implements FS. Windows has no such operation, and file systems of the
// network may have none: there it does nothing.
func (r *Real) SyncDir(name string) error {
	d, err := r.openDir("sync folder", name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := syncDir(d); err != nil {
		return r.explain("sync folder", name, err)
	}
	return nil
}

// Link implements FS.
func (r *Real) Link(from FS, old, name string) error {
	src, ok := from.(*Real)
	if !ok {
		return &fs.PathError{Op: "link", Path: r.Path(name), Err: errors.ErrUnsupported}
	}
	if _, err := src.local("link", old); err != nil {
		return err
	}
	if _, err := r.local("link", name); err != nil {
		return err
	}
	return r.explainUnsupported("link", name, link(src, old, r, name), isLinkUnsupported)
}

// Clone implements FS.
func (r *Real) Clone(from File, name string) error {
	src, ok := OSFile(from)
	if !ok {
		return &fs.PathError{Op: "clone", Path: r.Path(name), Err: errors.ErrUnsupported}
	}
	local, err := r.local("clone", name)
	if err != nil {
		return err
	}
	return r.explainUnsupported("clone", name, clone(src, r, name, local), isCloneUnsupported)
}

// explainUnsupported marks the errors that mean "not here" as what FS promises
// for them, and keeps the system's reason.
func (r *Real) explainUnsupported(op, name string, err error, unsupported func(error) bool) error {
	if err == nil {
		return nil
	}
	explained := r.explain(op, name, err)
	if unsupported(err) {
		return fmt.Errorf("%w (%w)", explained, errors.ErrUnsupported)
	}
	return explained
}
