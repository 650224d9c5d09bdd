package disk

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffset is where the locked byte lies, far behind the content: Windows
// keeps others from reading a locked range, and the pid is there to be read.
const lockOffset = 0x7fffffff

// openLock opens or creates the lock file, a symbolic link itself rather than
// what it points to. Without FILE_SHARE_DELETE nobody can delete or rename the
// file while it is open. Who may write there is the directory's ACL to say: it
// lies in the user's own profile.
func openLock(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_ALWAYS,
		windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(h), path)
	if err := checkLockFile(h); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkLockFile refuses what the opened file must not be. A directory can't be
// opened this way in the first place.
func checkLockFile(h windows.Handle) error {
	kind, err := windows.GetFileType(h)
	if err != nil {
		return fmt.Errorf("read its type: %w", err)
	}
	if kind != windows.FILE_TYPE_DISK {
		return errors.New("it is a device or a pipe, a lock file must be a regular file")
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return fmt.Errorf("read its attributes: %w", err)
	}
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return errors.New("it is a symbolic link, a lock file must be a regular file")
	}
	return nil
}

// tryLock takes the lock of the open handle; held reports that somebody else
// has it.
func tryLock(f *os.File, kind LockKind) (held bool, err error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if kind == Exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{OffsetHigh: lockOffset}
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}
