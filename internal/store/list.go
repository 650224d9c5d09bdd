package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// BlobState says whether a manifest's blob is there.
type BlobState string

// The states of a blob. Whether its bytes have their digest is for Verify.
const (
	BlobPresent   BlobState = "present"
	BlobMissing   BlobState = "missing"
	BlobWrongSize BlobState = "wrong size"
	// BlobUnusable: what has the blob's path is no file, or can't be looked at.
	BlobUnusable BlobState = "unusable"
)

// Entry is a name in the store.
type Entry struct {
	Name     Name
	Manifest Manifest
	State    BlobState
	// Path is where the blob is, for a message.
	Path string
	// Err is why the manifest can't be read; then there is only Name.
	Err error
}

// List returns all names in order, those with an unreadable manifest included.
func (s *Store) List() ([]Entry, error) {
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		m, err := s.readManifest(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed since
		case err != nil:
			entries = append(entries, Entry{Name: name, Err: err})
		default:
			entries = append(entries, s.entry(m))
		}
	}
	return entries, nil
}

// names lists the names that have a manifest. Other files are not the store's.
func (s *Store) names() ([]Name, error) {
	files, err := s.readDir(manifestsDir)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var names []Name
	for _, f := range files {
		stem, ok := strings.CutSuffix(f.Name(), manifestExt)
		if !ok {
			continue
		}
		if name, err := ParseName(stem); err == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// readDir lists a folder; one that is missing is empty.
func (s *Store) readDir(name string) ([]fs.DirEntry, error) {
	entries, err := s.fs.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// Get returns what a name stands for. The error is ErrNoModel when there is no
// such name.
func (s *Store) Get(name Name) (Entry, error) {
	m, err := s.readManifest(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, fmt.Errorf("model %s: %w", name, ErrNoModel)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("model %s: %w", name, err)
	}
	s.checking(s.BlobPath(m.Blob))
	return s.entry(m), nil
}

func (s *Store) entry(m Manifest) Entry {
	return Entry{Name: m.Name, Manifest: m, State: s.state(m), Path: s.BlobPath(m.Blob)}
}

// state is that of the first file that is not as it should be.
func (s *Store) state(m Manifest) BlobState {
	for _, f := range m.Files() {
		info, err := s.fs.Stat(f.Blob.data())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return BlobMissing
		case err != nil || !info.Mode().IsRegular():
			return BlobUnusable
		case info.Size() != f.Size:
			return BlobWrongSize
		}
	}
	return BlobPresent
}
