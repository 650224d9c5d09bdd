//go:build unix

package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func prepareDir(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		// Whoever was faster may have put something else there.
		info, err = os.Lstat(dir)
	}
	if err != nil {
		return err
	}
	if err := checkDir(info, os.Geteuid()); err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return makePrivate(dir, info)
	}
	return nil
}

// checkDir refuses a directory in which somebody else decides what the names
// mean.
func checkDir(info fs.FileInfo, uid int) error {
	if !info.IsDir() {
		return fmt.Errorf("it is a %s, it must be a directory", kindOf(info.Mode()))
	}
	if owner := ownerOf(info); owner != uid {
		return fmt.Errorf("it belongs to uid %d, it must belong to the user of the daemon (uid %d)", owner, uid)
	}
	return nil
}

// makePrivate takes group and others their access. It works on the descriptor
// of what was checked, so that no exchanged file gets the new mode.
func makePrivate(dir string, checked fs.FileInfo) error {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, checked) {
		return errors.New("it was exchanged while it was checked")
	}
	return f.Chmod(info.Mode().Perm() &^ 0o077)
}

// ownerOf returns the uid of the owner, -1 (nobody's) where it can't be read.
func ownerOf(info fs.FileInfo) int {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(st.Uid)
}

func kindOf(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return "regular file"
	case fs.ModeSymlink:
		return "symbolic link"
	case fs.ModeDir:
		return "directory"
	case fs.ModeNamedPipe:
		return "fifo"
	case fs.ModeSocket:
		return "socket"
	default:
		return "device"
	}
}
