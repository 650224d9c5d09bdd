// Package weights has the files of a model for the engine: it finds them, opens
// them once, and makes sure that what is loaded is what was meant. From then on
// the files are known by their descriptors: what has their names by the time the
// engine maps them is of no account.
package weights

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// Verify says when the digest of a model is checked.
type Verify string

// The choices. Empty is VerifyOnce.
const (
	// VerifyAlways hashes a model whenever it is opened for a backend.
	VerifyAlways Verify = "always"
	// VerifyOnce hashes it unless that was done before, and remembers it.
	VerifyOnce Verify = "once"
	// VerifyNever takes the file as it is.
	VerifyNever Verify = "never"
)

// Config says which model it is.
type Config struct {
	// Model is a name in the store, or the absolute path of a GGUF file; empty is
	// the one in the worker, to which there are adapters.
	Model string
	// SHA256 is what the model must have, in hexadecimal; empty is not known. Of
	// its own models the store knows it.
	SHA256 string
	// Adapters are absolute paths of LoRA adapters.
	Adapters []string
	Verify   Verify
	// StoreRoot is the folder of the model store; what was verified is remembered
	// there.
	StoreRoot string
	// Findings is the folder that remembers the headers of models of the store,
	// which are checked before Open returns; empty leaves that to the worker.
	Findings string
	// Report is told the phases of loading; nil tells nobody.
	Report func(wire.LoadPhase)
	// Log is told what goes wrong and stops nothing.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Model is a model's files. Open, Check and Close are for one goroutine at a
// time.
type Model struct {
	cfg   Config
	parts []*file
	loras []*file
	sure  bool // the digests were checked, or need not be
}

// file is an open file, and the state in which it was.
type file struct {
	*os.File
	id     disk.Identity
	digest store.Digest // that it must have; zero where none is known
	blob   *store.Blob  // its lease, where it is the store's
	close  func() error
}

// New makes a model. Nothing is opened before Open.
func New(cfg Config) *Model {
	if cfg.Verify == "" {
		cfg.Verify = VerifyOnce
	}
	if cfg.Report == nil {
		cfg.Report = func(wire.LoadPhase) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Model{cfg: cfg}
}

// Open implements engine.Model. The files that it finds the first time are the
// model's until Close, unless they were written to.
func (m *Model) Open(ctx context.Context) (engine.Files, error) {
	if m.found() {
		err := m.Check(ctx)
		if _, changed := errors.AsType[*ChangedError](err); changed {
			// What was loaded is no more. What the name stands for now is as
			// good as at a first start.
			err = m.Close()
		}
		if err != nil {
			return engine.Files{}, err
		}
	}
	if !m.found() {
		if err := m.find(ctx); err != nil {
			return engine.Files{}, errors.Join(err, m.Close())
		}
	}
	err := m.verify(ctx)
	if err == nil {
		err = m.preflight()
	}
	if err != nil {
		return engine.Files{}, errors.Join(err, m.Close())
	}
	return engine.Files{Parts: opened(m.parts), Adapters: opened(m.loras)}, nil
}

func (m *Model) found() bool { return m.parts != nil || m.loras != nil }

func opened(files []*file) []*os.File {
	var out []*os.File
	for _, f := range files {
		out = append(out, f.File)
	}
	return out
}

// Check implements engine.Model: it refuses files that were written to since
// they were opened. One that got another name or mode is what it was, and is
// hashed again where a digest is to be checked: only the system's own time of
// change can't be set back.
func (m *Model) Check(ctx context.Context) error {
	for _, f := range slices.Concat(m.parts, m.loras) {
		now, err := disk.Identify(f.File)
		if err != nil {
			return fmt.Errorf("model: %w", err)
		}
		if !now.SameBytes(f.id) {
			return &ChangedError{Path: f.Name()}
		}
		if !now.Equal(f.id) {
			f.id = now
			m.sure = false
		}
	}
	if m.sure {
		return nil
	}
	return m.verify(ctx)
}

// Close gives the files up, and with them the lease in the store.
func (m *Model) Close() error {
	var errs []error
	for _, f := range slices.Concat(m.parts, m.loras) {
		errs = append(errs, f.close())
	}
	m.parts, m.loras, m.sure = nil, nil, false
	return errors.Join(errs...)
}

// find opens the files.
func (m *Model) find(ctx context.Context) error {
	var err error
	switch {
	case m.cfg.Model == "":
	case filepath.IsAbs(m.cfg.Model):
		err = m.findPath()
	default:
		err = m.findBlob(ctx)
	}
	if err != nil {
		return err
	}
	for _, path := range m.cfg.Adapters {
		f, err := openPath(path)
		if err != nil {
			return fmt.Errorf("adapter: %w", err)
		}
		m.loras = append(m.loras, f)
	}
	return nil
}

func (m *Model) findPath() error {
	paths, err := partsOf(m.cfg.Model)
	if err != nil {
		return err
	}
	var digest store.Digest
	if m.cfg.SHA256 != "" {
		if len(paths) > 1 {
			return fmt.Errorf("model %s: it has %d parts, and a SHA-256 is of one file: leave it out", m.cfg.Model, len(paths))
		}
		if digest, err = store.ParseDigest(m.cfg.SHA256); err != nil {
			return fmt.Errorf("model %s: %w", m.cfg.Model, err)
		}
	}
	m.cfg.Report(wire.PhaseCheckingLocal{Path: m.cfg.Model})
	for _, path := range paths {
		f, err := openPath(path)
		if err != nil {
			return fmt.Errorf("model: %w", err)
		}
		f.digest = digest
		m.parts = append(m.parts, f)
	}
	return nil
}

// openPath opens a file by its path. The path may lead over links, which are its
// owner's business; what it leads to must be a regular file.
func openPath(path string) (*file, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	dir, err := disk.OpenReal(filepath.Dir(real))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	f, err := dir.Open(filepath.Base(real))
	if err != nil {
		return nil, err
	}
	return newFile(f)
}

// newFile notes in which state an open file is.
func newFile(f disk.File) (*file, error) {
	native, ok := disk.OSFile(f)
	if !ok {
		_ = f.Close()
		return nil, errors.ErrUnsupported
	}
	id, err := disk.Identify(native)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &file{File: native, id: id, close: f.Close}, nil
}
