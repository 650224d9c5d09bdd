package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// clone makes the file and lets it share src's extents.
func clone(src *os.File, r *Real, _, local string) error {
	dst, err := r.root.OpenFile(local, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = control(src, func(from int) error {
		return control(dst, func(to int) error { return unix.IoctlFileClone(to, from) })
	})
	if closeErr := dst.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = r.root.Remove(local) // empty, and why it is so is the news
	}
	return err
}
