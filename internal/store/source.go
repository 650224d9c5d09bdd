package store

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/inferd/inferd/internal/disk"
)

// Source is a file outside of the store, which is read and never touched.
type Source struct {
	fs    disk.FS
	name  string
	close func() error
}

// OpenSource names a file by its path. Links on the way are followed.
func OpenSource(path string) (*Source, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	dir, err := disk.OpenReal(filepath.Dir(real))
	if err != nil {
		return nil, err
	}
	return &Source{fs: dir, name: filepath.Base(real), close: dir.Close}, nil
}

// NewSource names a file of a tree.
func NewSource(fsys disk.FS, name string) *Source {
	return &Source{fs: fsys, name: name, close: func() error { return nil }}
}

// Path is the file's, for a message.
func (s *Source) Path() string { return s.fs.Path(s.name) }

// Close gives up the file.
func (s *Source) Close() error { return s.close() }

// openSource is a source that is being read.
type openSource struct {
	disk.File
	*Source
	before fs.FileInfo
}

func (s *Source) open() (*openSource, error) {
	f, err := s.fs.Open(s.name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &openSource{File: f, Source: s, before: info}, nil
}

// Close closes the file, not the source.
func (o *openSource) Close() error { return o.File.Close() }

func (o *openSource) size() int64 { return o.before.Size() }

// unchanged reports a file that was written to since it was opened, as far as
// the system tells.
func (o *openSource) unchanged() error {
	now, err := o.Stat()
	if err != nil {
		return err
	}
	if now.Size() != o.before.Size() || !now.ModTime().Equal(o.before.ModTime()) {
		return &ChangedError{o.Path()}
	}
	return nil
}
