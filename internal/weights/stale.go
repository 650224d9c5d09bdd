package weights

import (
	"path/filepath"
	"strings"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// Fingerprint tells what a model's name stands for now: two that differ are of
// different files, and an empty one says that it can't be told. It does not open
// the model for use.
func Fingerprint(cfg Config) string {
	m := New(cfg)
	if cfg.Model == "" {
		return ""
	}
	if !filepath.IsAbs(cfg.Model) {
		var digest strings.Builder
		err := m.inStore(func(s *store.Store) error {
			e, err := m.entry(s)
			if err == nil {
				for _, f := range e.Manifest.Files() {
					digest.WriteString(f.Blob.Hex())
				}
			}
			return err
		})
		if err != nil {
			return ""
		}
		return digest.String()
	}
	f, err := openPath(cfg.Model)
	if err != nil {
		return ""
	}
	defer func() { _ = f.close() }()
	return fingerprint(f.id)
}

func fingerprint(id disk.Identity) string {
	return recordOf(store.Digest{}, id).state()
}
