package disk

import (
	"errors"
	"fmt"
	"io/fs"
)

// TryLockFile takes the exclusive lock on a lock file of the tree without
// waiting, makes the file where it is missing, and writes the pid into it. It
// returns a *HeldError when the lock is taken.
//
// The file stays when the lock is released, for the reason that Lock gives. If
// somebody deletes it all the same, the lock that is returned is on the file
// that has the name now.
func TryLockFile(fsys FS, name string) (release func(), err error) {
	for {
		f, err := openLockFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("open lock file: %w", err)
		}
		current, err := claimFile(fsys, name, f)
		if err == nil && current {
			return func() { _ = f.Close() }, nil
		}
		_ = f.Close() // no lock on it is of use
		if err != nil {
			return nil, err
		}
	}
}

func openLockFile(fsys FS, name string) (File, error) {
	for {
		f, err := fsys.OpenWrite(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		f, err = fsys.Create(name)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// claimFile locks the open file and signs it; current is false when the name
// stands for another file by now.
func claimFile(fsys FS, name string, f File) (current bool, err error) {
	ok, err := f.TryLock(Exclusive)
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", fsys.Path(name), err)
	}
	if !ok {
		return false, &HeldError{Path: fsys.Path(name), PID: readPID(f)}
	}
	current, err = IsCurrent(fsys, name, f)
	if err != nil || !current {
		return false, err
	}
	if err := writePID(f); err != nil {
		return false, fmt.Errorf("write pid to lock file %s: %w", fsys.Path(name), err)
	}
	return true, nil
}

// IsCurrent reports whether the name stands for the open file. A lock that was
// taken on a file means something for its name only if it does.
func IsCurrent(fsys FS, name string, f File) (bool, error) {
	at, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	return fsys.SameFile(at, open), nil
}
