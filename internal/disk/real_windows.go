package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const openNonblock = 0

// syncDir: folders can't be synced; NTFS writes their changes to its journal in
// order.
func syncDir(*os.File) error { return nil }

// link names both ends by their paths: the system has no other way. Both were
// checked for links.
func link(from *Real, old string, to *Real, name string) error {
	return os.Link(from.Path(old), to.Path(name))
}

func isLinkUnsupported(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_TOO_MANY_LINKS)
}

func isCloneUnsupported(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// Sync implements File. A file that is open for reading can't be synced.
func (f *realFile) Sync() error {
	if !f.writable {
		return nil
	}
	return f.File.Sync()
}

// Free implements FS.
func (r *Real) Free() (int64, error) {
	dir, err := windows.UTF16PtrFromString(r.dir)
	if err != nil {
		return 0, r.explain("read free space of", ".", err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(dir, &free, nil, nil); err != nil {
		return 0, r.explain("read free space of", ".", err)
	}
	return int64(free), nil
}
