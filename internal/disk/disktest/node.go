package disktest

import (
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// node is a file or a folder of a Memory. The volume's mutex guards it.
type node struct {
	dir      bool
	modified time.Time

	// A file's bytes: as they are, and as they were when last synced. shared
	// says that they take no room of their own.
	data, synced []byte
	shared       bool
	locks        map[*memoryFile]disk.LockKind

	// A folder's names: as they are, as they would be found after a power cut,
	// and what was changed since in ways that may or may not be found.
	names   map[string]*node
	durable map[string]entry
	pending []change
}

// entry is a durable name.
type entry struct {
	node *node // nil: known to be gone
	step int   // which change made it so
}

// change is what one step did to one name of a folder. A rename is one step
// with two changes, which are found both or not at all.
type change struct {
	step int
	name string
	node *node // nil: removed
}

func newFolder(now time.Time) *node {
	return &node{dir: true, modified: now, names: map[string]*node{}, durable: map[string]entry{}}
}

func newFile(now time.Time) *node {
	return &node{modified: now, locks: map[*memoryFile]disk.LockKind{}}
}

// set changes a name, for the time being.
func (n *node) set(step int, name string, to *node) {
	if to == nil {
		delete(n.names, name)
	} else {
		n.names[name] = to
	}
	n.pending = append(n.pending, change{step, name, to})
}

// persist makes a change durable, unless a later one of the same name is.
func (n *node) persist(c change) {
	if n.durable[c.name].step <= c.step {
		n.durable[c.name] = entry{c.node, c.step}
	}
}

// walk calls f for every file and folder that has a name, each once.
func (n *node) walk(f func(*node)) {
	seen := map[*node]bool{}
	var visit func(*node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		f(n)
		for _, child := range n.names {
			visit(child)
		}
	}
	visit(n)
}

// torn is what a power cut may leave of a file's bytes: what was synced, what
// was written, or some blocks of each, with nothing where nothing was yet.
func (n *node) torn(rng *rand.Rand) []byte {
	const block = 512
	switch rng.IntN(3) {
	case 0:
		return n.synced
	case 1:
		return n.data
	}
	short, long := min(len(n.data), len(n.synced)), max(len(n.data), len(n.synced))
	out := make([]byte, short+rng.IntN(long-short+1))
	for at := 0; at < len(out); at += block {
		from := n.synced
		if rng.IntN(2) == 0 {
			from = n.data
		}
		if at < len(from) {
			copy(out[at:min(at+block, len(out))], from[at:])
		}
	}
	return out
}

// info is the description of a node.
type info struct {
	name     string
	size     int64
	modified time.Time
	node     *node
}

func (n *node) info(name string) info { return info{name, int64(len(n.data)), n.modified, n} }

func (i info) Name() string               { return i.name }
func (i info) Size() int64                { return i.size }
func (i info) ModTime() time.Time         { return i.modified }
func (i info) IsDir() bool                { return i.node.dir }
func (i info) Sys() any                   { return nil }
func (i info) Type() fs.FileMode          { return i.Mode().Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }

func (i info) Mode() fs.FileMode {
	if i.node.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
