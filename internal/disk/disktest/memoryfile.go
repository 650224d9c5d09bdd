package disktest

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"github.com/inferd/inferd/internal/disk"
)

// memoryFile is an open file of a Memory.
type memoryFile struct {
	m        *Memory
	n        *node
	name     string
	writable bool
	at       int64
	closed   bool
}

// do runs f under the volume's lock, if the file is open.
func (f *memoryFile) do(op string, do func() error) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	err := do()
	if err == nil || errors.Is(err, io.EOF) {
		return err // readers compare with io.EOF itself
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

func (f *memoryFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memoryFile) ReadAt(p []byte, at int64) (n int, err error) {
	err = f.do("read", func() error {
		if at < int64(len(f.n.data)) {
			n = copy(p, f.n.data[at:])
		}
		if n < len(p) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

func (f *memoryFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.at)
	f.at += int64(n)
	return n, err
}

func (f *memoryFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.do("write", func() error {
		if !f.writable {
			return fs.ErrPermission
		}
		fits := p
		if grow := at + int64(len(p)) - int64(len(f.n.data)); grow > 0 {
			room := min(grow, max(0, f.m.freeLocked()))
			fits = p[:max(0, int64(len(p))-(grow-room))]
		}
		n = f.writeLocked(fits, at)
		if n < len(p) {
			return syscall.ENOSPC
		}
		return nil
	})
	return n, err
}

func (f *memoryFile) writeLocked(p []byte, at int64) int {
	if end := at + int64(len(p)); end > int64(len(f.n.data)) {
		f.n.data = append(f.n.data, make([]byte, end-int64(len(f.n.data)))...)
	}
	f.n.shared = false
	f.n.modified = f.m.options.Now()
	return copy(f.n.data[at:], p)
}

func (f *memoryFile) Truncate(size int64) error {
	return f.do("truncate", func() error {
		if !f.writable {
			return fs.ErrPermission
		}
		kept := min(size, int64(len(f.n.data)))
		f.n.data = append(slices.Clone(f.n.data[:kept]), make([]byte, size-kept)...)
		f.n.modified = f.m.options.Now()
		return nil
	})
}

func (f *memoryFile) Sync() error {
	return f.do("sync", func() error {
		f.n.synced = slices.Clone(f.n.data)
		return nil
	})
}

func (f *memoryFile) Stat() (fs.FileInfo, error) {
	var found info
	err := f.do("stat", func() error {
		found = f.n.info(f.name)
		return nil
	})
	return found, err
}

func (f *memoryFile) TryLock(kind disk.LockKind) (ok bool, err error) {
	err = f.do("lock", func() error {
		for holder, held := range f.n.locks {
			if holder != f && (kind == disk.Exclusive || held == disk.Exclusive) {
				return nil
			}
		}
		f.n.locks[f] = kind
		ok = true
		return nil
	})
	return ok, err
}

func (f *memoryFile) Close() error {
	return f.do("close", func() error {
		delete(f.n.locks, f)
		f.closed = true
		return nil
	})
}
