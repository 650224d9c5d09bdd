package disktest

import (
	"github.com/inferd/inferd/internal/disk"
)

// faultyFile is an open file of a Faulty. Stat and Close go through: a test
// that wants them to fail wants something else.
type faultyFile struct {
	disk.File
	y    *Faulty
	name string
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if err := f.y.step(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faultyFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.y.step(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.y.step(OpWrite, f.name); err != nil {
		n := 0
		if !f.y.hasCrashed() {
			n, _ = f.File.Write(p[:len(p)/2]) // the error is decided already
		}
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.y.step(OpWrite, f.name); err != nil {
		n := 0
		if !f.y.hasCrashed() {
			n, _ = f.File.WriteAt(p[:len(p)/2], at)
		}
		return n, err
	}
	return f.File.WriteAt(p, at)
}

func (f *faultyFile) Truncate(size int64) error {
	return f.y.do(OpTruncate, f.name, func() error { return f.File.Truncate(size) })
}

func (f *faultyFile) Sync() error { return f.y.do(OpSync, f.name, f.File.Sync) }

func (f *faultyFile) TryLock(kind disk.LockKind) (bool, error) {
	if err := f.y.step(OpLock, f.name); err != nil {
		return false, err
	}
	return f.File.TryLock(kind)
}

func (y *Faulty) hasCrashed() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.crashed
}
