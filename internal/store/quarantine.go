package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

const (
	quarantineDir = "quarantine"
	quarantineExt = ".data"
	noteExt       = ".json"
)

// note lies beside bytes in quarantine.
type note struct {
	SchemaVersion int    `json:"schema_version"`
	Expected      string `json:"expected"`
	Actual        string `json:"actual"`
	SizeBytes     int64  `json:"size_bytes"`
	QuarantinedAt string `json:"quarantined_at"`
	// Source is where the bytes were fetched from; empty for those of a blob.
	Source string `json:"source,omitempty"`
}

// quarantine puts a file of the store aside that does not have the digest it
// should have, and returns where it went. The note comes first: bytes in
// quarantine without one would tell nobody why.
func (s *Store) quarantine(name string, size int64, expected, actual Digest, source string) (string, error) {
	if err := disk.MkdirAll(s.fs, quarantineDir); err != nil {
		return "", err
	}
	base := path.Join(quarantineDir, expected.Hex()+"-"+strings.ToLower(rand.Text()[:8]))
	data, err := json.MarshalIndent(note{
		SchemaVersion: schemaVersion,
		Expected:      expected.String(),
		Actual:        actual.String(),
		SizeBytes:     size,
		QuarantinedAt: s.options.Now().UTC().Format(time.RFC3339),
		Source:        source,
	}, "", "  ")
	if err != nil {
		return "", err
	}
	err = disk.AtomicWrite(s.fs, base+noteExt, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
	if err != nil {
		return "", err
	}
	to := base + quarantineExt
	if err := s.fs.Rename(name, to); err != nil {
		_ = s.fs.Remove(base + noteExt) // a note about nothing; GC finds it too
		return "", fmt.Errorf("quarantine: %w", err)
	}
	for _, dir := range []string{path.Dir(name), quarantineDir} {
		if err := s.fs.SyncDir(dir); err != nil {
			return "", fmt.Errorf("quarantine: %w", err)
		}
	}
	s.quarantined(Quarantined{s.fs.Path(name), expected, actual, s.fs.Path(to)})
	return s.fs.Path(to), nil
}

// repair does what can be done about a blob that was checked: a bad one is put
// aside, and a manifest with a wrong size is corrected.
func (s *Store) repair(ctx context.Context, c *Check, f disk.File) error {
	for _, name := range c.Names {
		release, err := s.lock(ctx, name)
		if err != nil {
			return err
		}
		defer release()
	}
	if c.State == CheckWrongSize {
		return s.correctSizes(c)
	}
	// Somebody may have put a good blob in its place by now.
	current, err := disk.IsCurrent(s.fs, c.Blob.data(), f)
	if err != nil || !current {
		return err
	}
	c.QuarantinePath, err = s.quarantine(c.Blob.data(), c.Size, c.Blob, c.Actual, "")
	if err == nil {
		s.removeEmpty(c.Blob.dir(), c.Blob.fanout())
	}
	return err
}

// correctSizes rewrites the manifests that have a wrong size for a good blob.
func (s *Store) correctSizes(c *Check) error {
	for _, name := range c.Names {
		m, err := s.readManifest(name)
		if isMissing(err) || err == nil && (!m.wrongSize(c.Blob, c.Size)) {
			continue // changed since
		}
		if err != nil {
			return err
		}
		m.correctSize(c.Blob, c.Size)
		if err := s.writeManifest(m); err != nil {
			return err
		}
	}
	c.Corrected = true
	return nil
}
