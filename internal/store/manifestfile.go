package store

import (
	"fmt"
	"io"

	"github.com/inferd/inferd/internal/disk"
)

// readManifest reads the manifest of a name.
func (s *Store) readManifest(name Name) (Manifest, error) {
	data, err := readSmall(s.fs, name.manifest(), maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(name, data)
	if err != nil {
		return Manifest{}, fmt.Errorf("read %s: %w", s.fs.Path(name.manifest()), err)
	}
	return m, nil
}

// readSmall reads a file that must not be larger than limit.
func readSmall(fsys disk.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes, the most that such a file may have", fsys.Path(name), limit)
	}
	return data, nil
}

// writeManifest makes a manifest durable.
func (s *Store) writeManifest(m Manifest) error {
	data, err := m.encode()
	if err != nil {
		return fmt.Errorf("encode manifest of %s: %w", m.Name, err)
	}
	if err := disk.MkdirAll(s.fs, manifestsDir); err != nil {
		return err
	}
	return disk.AtomicWrite(s.fs, m.Name.manifest(), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
