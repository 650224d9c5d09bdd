package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// lockRetry is how long an attempt to lock a name waits for the next. The
// system could wait for the lock itself, but not end the wait with a context.
const lockRetry = 50 * time.Millisecond

// lock makes this the only writer of a name, and waits until it is.
func (s *Store) lock(ctx context.Context, name Name) (release func(), err error) {
	if err := disk.MkdirAll(s.fs, locksDir); err != nil {
		return nil, err
	}
	for told := -1; ; {
		release, err := disk.TryLockFile(s.fs, name.lock())
		held, ok := errors.AsType[*disk.HeldError](err)
		if !ok {
			return release, err
		}
		if held.PID != told {
			told = held.PID
			s.waiting(Waiting{Name: name, PID: told})
		}
		if err := sleep(ctx, lockRetry); err != nil {
			return nil, fmt.Errorf("wait for process %d, which writes model %s: %w", told, name, err)
		}
	}
}

// writer returns a name, other than except, that some process writes right now,
// if there is any. Other tools of the convention hold the same locks, but no
// leases.
func (s *Store) writer(except Name) (string, error) {
	files, err := s.readDir(locksDir)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), lockExt)
		if !ok || name == except.s || !file.Type().IsRegular() {
			continue
		}
		held, err := s.isHeld(locksDir + "/" + file.Name())
		if err != nil {
			return "", err
		}
		if held {
			return name, nil
		}
	}
	return "", nil
}

// isHeld reports whether somebody has an exclusive lock on a file.
func (s *Store) isHeld(name string) (bool, error) {
	f, err := s.fs.Open(name)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	free, err := f.TryLock(disk.Shared)
	return !free, err
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
