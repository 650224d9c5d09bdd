package library

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

const (
	lockName  = "install.lock"
	lockRetry = 100 * time.Millisecond
)

// lockRoot makes this the only install below root, waiting for another one to
// end. The system drops the lock of a process that dies.
func lockRoot(ctx context.Context, root string, progress func(string)) (release func(), err error) {
	path := filepath.Join(root, lockName)
	for told := false; ; told = true {
		lock, err := disk.Lock(path)
		if err == nil {
			return func() { _ = lock.Close() }, nil
		}
		held, ok := errors.AsType[*disk.HeldError](err)
		if !ok {
			return nil, &lockError{path: path, err: err}
		}
		if !told {
			progress(fmt.Sprintf("waiting for another install (pid %d)", held.PID))
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockRetry):
		}
	}
}

// lockError is a lock that could not be tried: its message names the path, and
// the field does so for underRoot.
type lockError struct {
	path string
	err  error
}

func (e *lockError) Error() string { return e.err.Error() }

func (e *lockError) Unwrap() error { return e.err }
