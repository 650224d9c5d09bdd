package weights

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// Fingerprint tells what a model's name stands for now, with its adapters: two
// that differ are of different files, and an empty one says that it can't be
// told. It does not open the model for use.
func Fingerprint(cfg Config) string {
	m := New(cfg)
	states, err := m.states()
	if err != nil {
		return ""
	}
	return strings.Join(states, " ")
}

// states are those of the model's files and its adapters', or digests where
// these say as much.
func (m *Model) states() (states []string, err error) {
	paths := m.cfg.Adapters
	switch {
	case m.cfg.Model == "":
	case filepath.IsAbs(m.cfg.Model):
		parts, err := partsOf(m.cfg.Model)
		if err != nil {
			return nil, err
		}
		paths = slices.Concat(parts, paths)
	default:
		if states, err = m.digests(); err != nil {
			return nil, err
		}
	}
	for _, path := range paths {
		f, err := openPath(path)
		if err != nil {
			return nil, err
		}
		states = append(states, fingerprint(f.id))
		_ = f.close()
	}
	return states, nil
}

// digests are those of a model of the store.
func (m *Model) digests() (digests []string, err error) {
	err = m.inStore(func(s *store.Store) error {
		e, err := m.entry(s)
		if err != nil {
			return err
		}
		for _, f := range e.Manifest.Files() {
			digests = append(digests, f.Blob.Hex())
		}
		return nil
	})
	return digests, err
}

func fingerprint(id disk.Identity) string {
	return recordOf(store.Digest{}, id).state()
}
