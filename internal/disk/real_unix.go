//go:build unix

package disk

import (
	"errors"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

const openNonblock = unix.O_NONBLOCK

// control calls f with the descriptor of an open file.
func control(file *os.File, f func(fd int) error) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for {
			if callErr = f(int(fd)); !errors.Is(callErr, unix.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, callErr)
}

// syncDir syncs an open folder.
func syncDir(d *os.File) error {
	err := d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// link names both ends by their open folders, so that neither path is walked a
// second time.
func link(from *Real, old string, to *Real, name string) error {
	return from.inFolder(old, func(fromDir *os.File, oldBase string) error {
		return to.inFolder(name, func(toDir *os.File, base string) error {
			return control(fromDir, func(fromFD int) error {
				return control(toDir, func(toFD int) error {
					return unix.Linkat(fromFD, oldBase, toFD, base, 0)
				})
			})
		})
	})
}

// isLinkUnsupported: another file system, one without links, or one that lets
// only the owner of a file link to it.
func isLinkUnsupported(err error) bool {
	return isOneOf(err, unix.EXDEV, unix.EPERM, unix.EMLINK, unix.ENOTSUP, unix.EOPNOTSUPP, unix.ENOSYS)
}

// isCloneUnsupported: another file system, or one that can't share bytes.
func isCloneUnsupported(err error) bool {
	return isOneOf(err, unix.EXDEV, unix.EINVAL, unix.ENOTTY, unix.ENOTSUP, unix.EOPNOTSUPP, unix.ENOSYS, errors.ErrUnsupported)
}

func isOneOf(err error, numbers ...error) bool {
	return slices.ContainsFunc(numbers, func(n error) bool { return errors.Is(err, n) })
}

// Free implements FS.
func (r *Real) Free() (int64, error) {
	d, err := r.root.Open(".")
	if err != nil {
		return 0, r.explain("read free space of", ".", err)
	}
	defer d.Close()
	var st unix.Statfs_t
	if err := control(d, func(fd int) error { return unix.Fstatfs(fd, &st) }); err != nil {
		return 0, r.explain("read free space of", ".", err)
	}
	return int64(st.Bavail * uint64(st.Bsize)), nil
}

// inFolder calls f with the folder of name, open, and the last element.
func (r *Real) inFolder(name string, f func(dir *os.File, base string) error) error {
	d, err := r.openDir("open folder", path.Dir(name))
	if err != nil {
		return err
	}
	defer d.Close()
	return f(d, path.Base(name))
}
