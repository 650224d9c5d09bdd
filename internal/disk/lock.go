package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// pidLimit bounds what is read of a lock file. A pid and a newline fit many
// times over; the file may hold anything.
const pidLimit = 32

// Instance is a held single-instance lock. It is safe for concurrent use.
type Instance struct {
	path string

	// mu guards the fields below.
	mu   sync.Mutex
	file *os.File // nil once released
}

// HeldError reports that another process, or another Instance of this one,
// holds the lock.
type HeldError struct {
	// Path is the lock file.
	Path string
	// PID is what the holder wrote into the file, for people to read; 0 when
	// the file holds no pid. Nothing may be decided by it: only the kernel's
	// lock says that there is a holder.
	PID int
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another inferd is running (it holds %s)", e.Path)
	}
	return fmt.Sprintf("another inferd is running (pid %d)", e.PID)
}

// Lock takes the single-instance lock at path without waiting, and creates the
// file with mode 0600 where it is missing. It returns a *HeldError when the
// lock is taken, and refuses a path that is a symbolic link, is not a regular
// file, or belongs to another user.
//
// The kernel releases the lock when the process ends, however it ends. The file
// stays: were it deleted, one process could lock the deleted file and another
// the new one, and both would believe themselves alone.
func Lock(path string) (*Instance, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("open lock file %s: %w", path, err)
	}
	if err := claim(f, path); err != nil {
		f.Close() // why the lock was not taken is the news, not this
		return nil, err
	}
	return &Instance{path: path, file: f}, nil
}

// claim locks the opened file and signs it.
func claim(f *os.File, path string) error {
	held, err := tryLock(f, Exclusive)
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if held {
		return &HeldError{Path: path, PID: readPID(f)}
	}
	if err := writePID(f); err != nil {
		return fmt.Errorf("write pid to lock file %s: %w", path, err)
	}
	return nil
}

// Path returns the path of the lock file.
func (i *Instance) Path() string { return i.path }

// Close releases the lock. Calls after the first do nothing.
func (i *Instance) Close() error {
	i.mu.Lock()
	f := i.file
	i.file = nil
	i.mu.Unlock()
	if f == nil {
		return nil
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("release lock %s: %w", i.path, err)
	}
	return nil
}

// readPID reads the holder's pid, 0 where there is none to be read: an older
// holder's leftovers, or a holder that has not written it yet.
func readPID(r io.ReaderAt) int {
	buf := make([]byte, pidLimit)
	n, err := r.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// writePID replaces the content, which a former holder left, by our pid.
func writePID(f interface {
	io.WriterAt
	Truncate(size int64) error
}) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
