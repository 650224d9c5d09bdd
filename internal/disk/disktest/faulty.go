package disktest

import (
	"errors"
	"io/fs"
	"slices"
	"sync"

	"github.com/inferd/inferd/internal/disk"
)

// ErrCrashed is what every operation fails with after a crash.
var ErrCrashed = errors.New("the machine has crashed")

// OpKind names an operation of a disk.FS or of a file of it.
type OpKind string

// The kinds of operations.
const (
	OpOpen     OpKind = "open"
	OpCreate   OpKind = "create"
	OpStat     OpKind = "stat"
	OpReadDir  OpKind = "readdir"
	OpMkdir    OpKind = "mkdir"
	OpRename   OpKind = "rename"
	OpRemove   OpKind = "remove"
	OpSyncDir  OpKind = "syncdir"
	OpLink     OpKind = "link"
	OpClone    OpKind = "clone"
	OpFree     OpKind = "free"
	OpRead     OpKind = "read"
	OpWrite    OpKind = "write"
	OpTruncate OpKind = "truncate"
	OpSync     OpKind = "sync"
	OpLock     OpKind = "lock"
)

// Op is one operation. Name is what it was called with; for a rename or a link,
// the new name.
type Op struct {
	Kind OpKind
	Name string
}

// Changes reports whether the operation can change what is on the disk, or what
// is durable of it.
func (o Op) Changes() bool {
	return !slices.Contains([]OpKind{OpOpen, OpStat, OpReadDir, OpFree, OpRead, OpLock}, o.Kind)
}

// Fault is what happens to one operation.
type Fault struct {
	// Match picks the operations that count; nil means all.
	Match func(Op) bool
	// After is how many of them succeed first.
	After int
	// Err is what the next one fails with. A write gets half of its bytes to the
	// file before.
	Err error
	// Crash stops everything at that one instead: it and all that follow do
	// nothing and fail with ErrCrashed.
	Crash bool
}

// Faulty is a disk.FS in front of another, in which faults happen. It is safe
// for concurrent use.
type Faulty struct {
	disk.FS

	// mu guards the fields below.
	mu      sync.Mutex
	faults  []Fault
	ops     []Op
	crashed bool
}

// NewFaulty returns base with faults. Each happens once.
func NewFaulty(base disk.FS, faults ...Fault) *Faulty {
	return &Faulty{FS: base, faults: faults}
}

// Ops returns the operations so far, the failed ones included.
func (y *Faulty) Ops() []Op {
	y.mu.Lock()
	defer y.mu.Unlock()
	return slices.Clone(y.ops)
}

// Happened reports whether every fault did.
func (y *Faulty) Happened() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.faults) == 0
}

// step records an operation and returns what it fails with.
func (y *Faulty) step(kind OpKind, name string) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	op := Op{kind, name}
	if !y.crashed {
		y.ops = append(y.ops, op)
	}
	err := y.faultLocked(op)
	if y.crashed {
		err = ErrCrashed
	}
	if err != nil {
		return &fs.PathError{Op: string(kind), Path: name, Err: err}
	}
	return nil
}

func (y *Faulty) faultLocked(op Op) (err error) {
	for i := 0; i < len(y.faults); i++ {
		f := &y.faults[i]
		if f.Match != nil && !f.Match(op) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		y.crashed = y.crashed || f.Crash
		err = f.Err
		y.faults = slices.Delete(y.faults, i, i+1)
		i--
	}
	return err
}

// Open implements disk.FS.
func (y *Faulty) Open(name string) (disk.File, error) { return y.file(OpOpen, name, y.FS.Open) }

// OpenWrite implements disk.FS.
func (y *Faulty) OpenWrite(name string) (disk.File, error) {
	return y.file(OpOpen, name, y.FS.OpenWrite)
}

// Create implements disk.FS.
func (y *Faulty) Create(name string) (disk.File, error) { return y.file(OpCreate, name, y.FS.Create) }

func (y *Faulty) file(kind OpKind, name string, open func(string) (disk.File, error)) (disk.File, error) {
	if err := y.step(kind, name); err != nil {
		return nil, err
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f, y, name}, nil
}

// Stat implements disk.FS.
func (y *Faulty) Stat(name string) (fs.FileInfo, error) {
	if err := y.step(OpStat, name); err != nil {
		return nil, err
	}
	return y.FS.Stat(name)
}

// ReadDir implements disk.FS.
func (y *Faulty) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := y.step(OpReadDir, name); err != nil {
		return nil, err
	}
	return y.FS.ReadDir(name)
}

// Free implements disk.FS.
func (y *Faulty) Free() (int64, error) {
	if err := y.step(OpFree, "."); err != nil {
		return 0, err
	}
	return y.FS.Free()
}

// Mkdir implements disk.FS.
func (y *Faulty) Mkdir(name string) error {
	return y.do(OpMkdir, name, func() error { return y.FS.Mkdir(name) })
}

// Rename implements disk.FS.
func (y *Faulty) Rename(from, to string) error {
	return y.do(OpRename, to, func() error { return y.FS.Rename(from, to) })
}

// Remove implements disk.FS.
func (y *Faulty) Remove(name string) error {
	return y.do(OpRemove, name, func() error { return y.FS.Remove(name) })
}

// SyncDir implements disk.FS.
func (y *Faulty) SyncDir(name string) error {
	return y.do(OpSyncDir, name, func() error { return y.FS.SyncDir(name) })
}

// Link implements disk.FS.
func (y *Faulty) Link(from disk.FS, old, name string) error {
	if f, ok := from.(*Faulty); ok {
		from = f.FS
	}
	return y.do(OpLink, name, func() error { return y.FS.Link(from, old, name) })
}

// Clone implements disk.FS.
func (y *Faulty) Clone(from disk.File, name string) error {
	if f, ok := from.(*faultyFile); ok {
		from = f.File
	}
	return y.do(OpClone, name, func() error { return y.FS.Clone(from, name) })
}

func (y *Faulty) do(kind OpKind, name string, f func() error) error {
	if err := y.step(kind, name); err != nil {
		return err
	}
	return f()
}
