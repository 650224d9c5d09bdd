package disktest

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// Memory is a volume in memory. It is a disk.FS, and so is each folder of it by
// Sub; links and clones work between them. It is safe for concurrent use.
type Memory struct {
	*folder

	options MemoryOptions

	// mu guards the fields below.
	mu   sync.Mutex
	root *node
	step int
}

// MemoryOptions says what a Memory is like.
type MemoryOptions struct {
	// Capacity is how many bytes fit; 0 means any number.
	Capacity int64
	// NoClone makes Clone unsupported, as it is on most file systems.
	NoClone bool
	// NoLink makes Link unsupported.
	NoLink bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// NewMemory returns an empty volume.
func NewMemory(o MemoryOptions) *Memory {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Memory{options: o, root: newFolder(o.Now())}
	m.folder = &folder{m, "."}
	return m
}

// Sub returns the folder dir of the volume as a tree of its own. It must be
// there when the tree is used.
func (m *Memory) Sub(dir string) disk.FS { return &folder{m, dir} }

// Settle makes everything durable, as if it had been there for long.
func (m *Memory) Settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.walk(func(n *node) {
		n.synced = slices.Clone(n.data)
		n.pending, n.durable = nil, map[string]entry{}
		for name, child := range n.names {
			n.durable[name] = entry{child, m.step}
		}
	})
}

// Crash returns the volume as it may be found after a power cut right now: all
// that was synced is there, and of the rest what rng picks. The names that were
// changed and not synced are as they were or as they became; bytes are old, new
// or torn; locks are gone. The volume itself goes on as if nothing had happened.
func (m *Memory) Crash(rng *rand.Rand) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := NewMemory(m.options)
	found.step = m.step
	found.root = m.remainsLocked(rng)
	return found
}

// remainsLocked builds the tree that a power cut leaves.
func (m *Memory) remainsLocked(rng *rand.Rand) *node {
	kept := map[int]bool{} // by step
	for step := range m.step + 1 {
		kept[step] = rng.IntN(2) == 0
	}
	copies := map[*node]*node{}
	var rebuild func(*node) *node
	rebuild = func(n *node) *node {
		if c := copies[n]; c != nil {
			return c
		}
		c := newFile(n.modified)
		if n.dir {
			c = newFolder(n.modified)
		}
		copies[n] = c
		if !n.dir {
			c.data = slices.Clone(n.torn(rng))
			c.synced, c.shared = slices.Clone(c.data), n.shared
			return c
		}
		after := &node{durable: maps.Clone(n.durable)}
		for _, change := range n.pending {
			if kept[change.step] {
				after.persist(change)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(after.durable)) {
			if child := after.durable[name].node; child != nil {
				c.names[name] = rebuild(child)
				c.durable[name] = entry{c.names[name], m.step}
			}
		}
		return c
	}
	return rebuild(m.root)
}

// syncLocked makes the names of a folder durable, with the other halves of the
// renames among them.
func (m *Memory) syncLocked(dir *node) {
	synced := map[int]bool{}
	for _, c := range dir.pending {
		dir.persist(c)
		synced[c.step] = true
	}
	dir.pending = nil
	m.root.walk(func(n *node) {
		n.pending = slices.DeleteFunc(n.pending, func(c change) bool {
			if synced[c.step] {
				n.persist(c)
			}
			return synced[c.step]
		})
	})
}

// findLocked returns the node with a name of the volume.
func (m *Memory) findLocked(name string) (*node, error) {
	n := m.root
	for _, element := range elements(name) {
		if !n.dir {
			return nil, syscall.ENOTDIR
		}
		if n = n.names[element]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

// folderLocked returns the folder that a name of the volume is in.
func (m *Memory) folderLocked(name string) (*node, error) {
	if name == "." {
		return nil, fs.ErrInvalid
	}
	n, err := m.findLocked(path.Dir(name))
	if err == nil && !n.dir {
		return nil, syscall.ENOTDIR
	}
	return n, err
}

// setLocked changes a name, which is one step.
func (m *Memory) setLocked(dir *node, name string, to *node) {
	m.step++
	dir.set(m.step, path.Base(name), to)
}

// freeLocked is how much more can be written.
func (m *Memory) freeLocked() int64 {
	if m.options.Capacity == 0 {
		return 1 << 40
	}
	free := m.options.Capacity
	m.root.walk(func(n *node) {
		if !n.shared {
			free -= int64(len(n.data))
		}
	})
	return free
}

// errCrossVolume is what a link between two volumes is refused with.
var errCrossVolume = errors.Join(syscall.EXDEV, errors.ErrUnsupported)
