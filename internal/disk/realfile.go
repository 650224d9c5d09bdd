package disk

import (
	"io/fs"
	"os"
)

// Open implements FS.
func (r *Real) Open(name string) (File, error) { return r.openFile("open", name, os.O_RDONLY, 0) }

// OpenWrite implements FS.
func (r *Real) OpenWrite(name string) (File, error) { return r.openFile("open", name, os.O_RDWR, 0) }

// Create implements FS.
func (r *Real) Create(name string) (File, error) {
	return r.openFile("create", name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// CreatePrivate is Create of a file that nobody but its owner may read.
func (r *Real) CreatePrivate(name string) (File, error) {
	return r.openFile("create", name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

func (r *Real) openFile(op, name string, flag int, mode fs.FileMode) (File, error) {
	local, err := r.local(op, name)
	if err != nil {
		return nil, err
	}
	if flag&os.O_CREATE == 0 {
		if err := r.refuseLink(op, name); err != nil {
			return nil, err
		}
	}
	// Opening a fifo must not wait for its other end.
	f, err := r.root.OpenFile(local, flag|openNonblock, mode)
	if err != nil {
		return nil, r.explain(op, name, err)
	}
	if err := r.checkFile(op, name, local, f); err != nil {
		f.Close()
		return nil, err
	}
	return &realFile{File: f, writable: flag != os.O_RDONLY}, nil
}

// checkFile judges what was opened by its descriptor: that it is a regular
// file, and the one that has the name, not one that a link with that name leads
// to.
func (r *Real) checkFile(op, name, local string, f *os.File) error {
	open, err := f.Stat()
	if err != nil {
		return r.explain(op, name, err)
	}
	if !open.Mode().IsRegular() {
		return &fs.PathError{Op: op, Path: r.Path(name), Err: ErrNotRegular}
	}
	at, err := r.root.Lstat(local)
	if err != nil {
		return r.explain(op, name, err)
	}
	if !os.SameFile(open, at) {
		// A link, or replaced since: there is no file of that name to be meant.
		return &fs.PathError{Op: op, Path: r.Path(name), Err: fs.ErrNotExist}
	}
	return nil
}

// behind is how many bytes are written before the system is told to bring them
// to the disk.
const behind = 16 << 20

// realFile is an open file of the system.
type realFile struct {
	*os.File
	writable bool
	at       int64 // of Write
	run      span  // what was written last, without a gap
}

// span is a range of bytes that were written one after the other.
type span struct{ flushed, end int64 }

// Write implements File. Of a large file it brings the bytes to the disk as they
// come and forgets them: else a file of many gigabytes would push out of memory
// what others have there, a running model first of all, and Sync would find most
// of the work still to be done.
func (f *realFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.wrote(f.at, n)
	f.at += int64(n)
	return n, err
}

// WriteAt implements File, and does what Write does for bytes that are written
// in order.
func (f *realFile) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(p, at)
	f.wrote(at, n)
	return n, err
}

func (f *realFile) wrote(at int64, n int) {
	if at != f.run.end {
		f.run = span{at, at}
	}
	f.run.end += int64(n)
	if f.run.end-f.run.flushed >= behind {
		writeBehind(f.File, f.run.flushed, f.run.end)
		f.run.flushed = f.run.end
	}
}

// TryLock implements File.
func (f *realFile) TryLock(kind LockKind) (bool, error) {
	held, err := tryLock(f.File, kind)
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return !held, nil
}

// OSFile returns the system's file behind one that a Real opened, to hand it to
// another process.
func OSFile(f File) (*os.File, bool) {
	real, ok := f.(*realFile)
	if !ok {
		return nil, false
	}
	return real.File, true
}
