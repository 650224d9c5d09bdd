package store

import (
	"context"
	"errors"
	"fmt"
)

// Claim makes this process the only writer of a name until release is called,
// and waits while another one is.
func (s *Store) Claim(ctx context.Context, name Name) (release func(), err error) {
	release, err = s.lock(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("claim model %s: %w", name, err)
	}
	return release, nil
}

// MayPublish reports, with *ExistsError, that Publish would refuse to let the
// name stand for these files, the first one and its parts.
func (s *Store) MayPublish(name Name, blobs []Digest, replace bool) error {
	_, err := s.mayPublish(name, blobs, replace)
	return err
}

func (s *Store) mayPublish(name Name, blobs []Digest, replace bool) (existing, error) {
	old, err := s.mayWrite(name, ImportOptions{Replace: true}, 0)
	if err != nil || replace {
		return old, err
	}
	if old.err != nil {
		return old, &ExistsError{Name: name, Err: old.err}
	}
	if old.manifest == nil {
		return old, nil
	}
	files := old.manifest.Files()
	same := len(files) == len(blobs)
	for i := range min(len(files), len(blobs)) {
		same = same && files[i].Blob == blobs[i]
	}
	if !same {
		return old, &ExistsError{Name: name, Blob: old.manifest.Blob}
	}
	return old, nil
}

// Publish makes a name stand for blobs that are in the store, durable and
// leased: the first one, and its parts. The caller has claimed the name. Of o,
// it looks at Replace, Format, License and Origin. Names are the names of the
// files, for people, one for each blob.
func (s *Store) Publish(name Name, blobs []*Blob, names []string, o ImportOptions) (Manifest, error) {
	m, err := s.publish(name, blobs, names, o)
	if err != nil {
		return Manifest{}, fmt.Errorf("publish model %s: %w", name, err)
	}
	return m, nil
}

func (s *Store) publish(name Name, blobs []*Blob, names []string, o ImportOptions) (Manifest, error) {
	if len(blobs) == 0 || len(names) != len(blobs) {
		return Manifest{}, errors.New("a model has at least one file, and each has a name")
	}
	digests := make([]Digest, len(blobs))
	for i, b := range blobs {
		digests[i] = b.Digest
	}
	old, err := s.mayPublish(name, digests, o.Replace)
	if err != nil {
		return Manifest{}, err
	}
	m := s.manifestFor(name, blobs[0], o, old)
	m.Origin.Filename, m.Parts = names[0], nil
	for i, b := range blobs[1:] {
		m.Parts = append(m.Parts, Part{b.Digest, b.Size, names[i+1]})
	}
	return m, s.writeManifest(m)
}

// Room reports, with *SpaceError, that size more bytes would not fit.
func (s *Store) Room(size int64) error { return s.room(size) }
