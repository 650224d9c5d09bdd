package store

import (
	"fmt"
	"io"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// Store is a folder of models. It is safe for concurrent use, by any number of
// processes.
type Store struct {
	fs      disk.FS
	options Options
}

// Options says how a store is used. The zero value will do.
type Options struct {
	// ProducedBy is what manifests name as their writer, as name/version.
	ProducedBy string
	// Listener is told what happens.
	Listener Listener
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// BootID names the run of the system since its start; empty means that of
	// disk.BootID.
	BootID string
	// SyncEvery is how many bytes of an Arrival a power cut may cost; 0 means 256
	// MiB.
	SyncEvery int64
}

// Listener is told what a store does. Any of the functions may be nil. They are
// called in the goroutine of the operation, which waits for them.
type Listener struct {
	// Checking: the store looks for the blob at this path.
	Checking func(path string)
	// Verify: the blob at this path is hashed.
	Verify func(path string)
	// Quarantine: a blob was put aside.
	Quarantine func(Quarantined)
	// Waiting: another process writes the name, or brings in the blob. It is called
	// once for each process that is waited for.
	Waiting func(Waiting)
}

// Quarantined is a blob that was put aside.
type Quarantined struct {
	Path             string
	Expected, Actual Digest
	QuarantinePath   string
}

// Waiting is a wait for another process.
type Waiting struct {
	// Name is what the other one writes. It is the zero name where the wait is for
	// a blob that another process brings in, perhaps under another name.
	Name Name
	Blob Digest
	// PID is what the process wrote into the lock file; 0 when it wrote nothing.
	PID int
}

// Open opens the store in a folder, which is made where it is missing.
func Open(root string, o Options) (*Store, error) {
	fsys, err := disk.MakeReal(root)
	if err != nil {
		return nil, fmt.Errorf("open model store: %w", err)
	}
	return New(fsys, o), nil
}

// New returns the store in a tree.
func New(fsys disk.FS, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ProducedBy == "" {
		o.ProducedBy = "inferd"
	}
	if o.BootID == "" {
		o.BootID = disk.BootID()
	}
	if o.SyncEvery == 0 {
		o.SyncEvery = syncEvery
	}
	return &Store{fs: fsys, options: o}
}

// Close gives up the folder. Blobs that are open stay open.
func (s *Store) Close() error {
	if c, ok := s.fs.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Root is the store's folder.
func (s *Store) Root() string { return s.fs.Path(".") }

// BlobPath is where the blob with this digest is, or would be, for a message.
// Open it with Blob.
func (s *Store) BlobPath(d Digest) string { return s.fs.Path(d.data()) }

func (s *Store) checking(path string) {
	if f := s.options.Listener.Checking; f != nil {
		f(path)
	}
}

func (s *Store) verifying(path string) {
	if f := s.options.Listener.Verify; f != nil {
		f(path)
	}
}

func (s *Store) quarantined(q Quarantined) {
	if f := s.options.Listener.Quarantine; f != nil {
		f(q)
	}
}

func (s *Store) waiting(w Waiting) {
	if f := s.options.Listener.Waiting; f != nil {
		f(w)
	}
}
