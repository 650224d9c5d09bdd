//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openLock opens or creates the lock file in one call, so that there is no
// moment between a check and the open in which the file could be exchanged.
// What was opened is then judged by its descriptor, not by its path.
func openLock(path string) (*os.File, error) {
	// O_NONBLOCK keeps the open of a fifo from waiting for its other end; it
	// means nothing for a regular file. os.OpenFile adds O_CLOEXEC, so that no
	// child process keeps the lock alive.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, explainOpen(err)
	}
	info, err := f.Stat()
	if err == nil {
		err = checkLockFile(info, os.Geteuid())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// explainOpen names what stands at the path where the error number alone would
// puzzle: "too many levels of symbolic links" is the answer to one link.
func explainOpen(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the caller names the path
	}
	switch {
	case errors.Is(err, unix.ELOOP):
		return fmt.Errorf("it is a symbolic link, a lock file must be a regular file: %w", err)
	case errors.Is(err, unix.EISDIR):
		return fmt.Errorf("it is a directory, a lock file must be a regular file: %w", err)
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("it is a socket or a device, a lock file must be a regular file: %w", err)
	}
	return err
}

// checkLockFile refuses what the opened file must not be.
func checkLockFile(info fs.FileInfo, uid int) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is a %s, a lock file must be a regular file", kindOf(info.Mode()))
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("its owner can't be read")
	}
	if int(st.Uid) != uid {
		return fmt.Errorf("it belongs to uid %d, a lock file must belong to the user of the daemon (uid %d)", st.Uid, uid)
	}
	return nil
}

func kindOf(m fs.FileMode) string {
	switch m.Type() {
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

// tryLock takes the lock of the open file description; held reports that
// somebody else has it.
func tryLock(f *os.File, kind LockKind) (held bool, err error) {
	how := unix.LOCK_EX
	if kind == Shared {
		how = unix.LOCK_SH
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = conn.Control(func(fd uintptr) {
		for {
			lockErr = unix.Flock(int(fd), how|unix.LOCK_NB)
			if !errors.Is(lockErr, unix.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return false, err
	}
	if errors.Is(lockErr, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, lockErr
}
