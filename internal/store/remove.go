package store

import (
	"context"
	"fmt"
)

// Removed is what Remove did.
type Removed struct {
	Name Name
	// Blob is what the name stood for; zero when its manifest could not be read.
	Blob Digest
	// Freed is how many bytes went with the blob, and with those of its parts.
	Freed int64
	// Kept is why one of them is still there; empty when none is.
	Kept string
}

// Remove makes a name stand for nothing, whatever state its manifest is in, and
// removes its blob if no other name stands for it and nobody uses it. GC removes
// a blob that was in use later. The error is ErrNoModel when there is no such
// name.
func (s *Store) Remove(ctx context.Context, name Name) (Removed, error) {
	r, err := s.remove(ctx, name)
	if err != nil {
		return Removed{}, fmt.Errorf("remove model %s: %w", name, err)
	}
	return r, nil
}

func (s *Store) remove(ctx context.Context, name Name) (Removed, error) {
	// A name that is not there leaves no lock file behind.
	if _, err := s.fs.Stat(name.manifest()); isMissing(err) {
		return Removed{}, ErrNoModel
	}
	release, err := s.lock(ctx, name)
	if err != nil {
		return Removed{}, err
	}
	defer release()
	r := Removed{Name: name, Kept: "its manifest could not be read"}
	m, readErr := s.readManifest(name)
	if readErr == nil {
		r.Blob = m.Blob
	}
	err = s.fs.Remove(name.manifest())
	if isMissing(err) {
		return Removed{}, ErrNoModel
	}
	if err != nil {
		return Removed{}, err
	}
	// No manifest may be found again after its blob is gone.
	if err := s.fs.SyncDir(manifestsDir); err != nil {
		return Removed{}, err
	}
	if readErr != nil {
		return r, nil
	}
	r.Kept = ""
	for _, d := range m.blobs() {
		kept, size, err := s.collectBlob(d, name, false)
		switch {
		case isMissing(err):
		case err != nil:
			return r, err
		case kept != "":
			r.Kept = kept
		default:
			r.Freed += size
		}
	}
	return r, nil
}
