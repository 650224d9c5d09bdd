package store

import (
	"context"
	"fmt"
	"time"
)

// Method is how bytes came into the store.
type Method string

// The methods, in the order in which they are tried.
const (
	// MethodPresent: the store had the same bytes already.
	MethodPresent Method = "present"
	// MethodClone: they are shared with the file until one of the two changes.
	MethodClone Method = "clone"
	// MethodLink: the blob is the same file. Only Adopt does this.
	MethodLink Method = "link"
	MethodCopy Method = "copy"
)

// ImportOptions says what Import and Adopt do.
type ImportOptions struct {
	// Expect is the digest that the file must have; zero means any.
	Expect Digest
	// Replace lets a name that is there stand for the new bytes.
	Replace bool
	// Format is what the bytes are; empty means "gguf".
	Format string
	// License and Origin go into the manifest.
	License string
	Origin  Origin
	// Progress, which may be nil, is told how many bytes of all were hashed. It is
	// called often, and the import waits for it.
	Progress func(done, total int64)
}

// Imported is what an import did.
type Imported struct {
	Manifest Manifest
	Method   Method
	// Saved is how many bytes the disk did not have to hold again.
	Saved int64
	// Path is where the blob is, for a message.
	Path string
}

// Import brings a file into the store under a name. The file is cloned where
// the file system can do that, else copied, and hashed in any case. A name that
// stands for other bytes is refused with *ExistsError, a wrong digest with
// *MismatchError, a full disk with *SpaceError before anything is copied, and a
// file that changed meanwhile with *ChangedError. Whatever fails, nothing of the
// import is left that a reader could see.
func (s *Store) Import(ctx context.Context, src *Source, name Name, o ImportOptions) (Imported, error) {
	return s.bringIn(ctx, src, name, o, false)
}

// Adopt is Import for a file that another tool owns: where it can't be cloned,
// a hard link may stand for a copy, if no other user can write to the file. The
// blob is then the other tool's file: should that tool write to it, Verify finds
// out, and Manifest.SharedWith says where to look.
func (s *Store) Adopt(ctx context.Context, src *Source, name Name, o ImportOptions) (Imported, error) {
	return s.bringIn(ctx, src, name, o, true)
}

func (s *Store) bringIn(ctx context.Context, src *Source, name Name, o ImportOptions, link bool) (Imported, error) {
	done, err := s.bringInLocked(ctx, src, name, o, link)
	if err != nil {
		return Imported{}, fmt.Errorf("import %s as %s: %w", src.Path(), name, err)
	}
	return done, nil
}

// bringInLocked does it under the name's lock.
func (s *Store) bringInLocked(ctx context.Context, src *Source, name Name, o ImportOptions, link bool) (Imported, error) {
	release, err := s.lock(ctx, name)
	if err != nil {
		return Imported{}, err
	}
	defer release()
	from, err := src.open()
	if err != nil {
		return Imported{}, err
	}
	defer from.Close()
	old, err := s.mayWrite(name, o, from.size())
	if err != nil {
		return Imported{}, err
	}
	j := &job{s: s, from: from, o: o, old: old, link: link}
	blob, err := j.blob(ctx)
	if err != nil {
		return Imported{}, err
	}
	defer blob.Close() // the manifest keeps it from here on
	m := s.manifestFor(name, blob, o, old)
	if m.SharedWith, err = j.sharedWith(blob.Digest); err != nil {
		return Imported{}, err
	}
	if err := s.writeManifest(m); err != nil {
		return Imported{}, err
	}
	done := Imported{Manifest: m, Method: j.method, Path: blob.Path}
	if j.method != MethodCopy {
		done.Saved = blob.Size
	}
	return done, nil
}

// existing is what a name stands for before it is written.
type existing struct {
	name     Name
	manifest *Manifest // nil when there is none to be read
	err      error     // why it can't be read, though it is there
}

// mayWrite refuses at once what would be refused after the file was hashed.
func (s *Store) mayWrite(name Name, o ImportOptions, size int64) (existing, error) {
	old := existing{name: name}
	m, err := s.readManifest(name)
	switch {
	case err == nil:
		old.manifest = &m
	case !isMissing(err):
		old.err = err
	}
	if o.Replace || err != nil {
		return old, old.mayBecome(Digest{}, o)
	}
	if m.Size != size || !o.Expect.IsZero() && !o.Expect.Equal(m.Blob) {
		return old, &ExistsError{Name: name, Blob: m.Blob}
	}
	return old, nil
}

// mayBecome refuses to make the name stand for another blob; a zero digest is
// one that is not known yet.
func (e existing) mayBecome(d Digest, o ImportOptions) error {
	switch {
	case o.Replace:
		return nil
	case e.err != nil:
		return &ExistsError{Name: e.name, Err: e.err}
	case e.manifest != nil && !d.IsZero() && e.manifest.Blob != d:
		return &ExistsError{Name: e.name, Blob: e.manifest.Blob}
	}
	return nil
}

// manifestFor describes a blob that came in. What other tools wrote into the
// manifest is kept as long as it is about the same bytes.
func (s *Store) manifestFor(name Name, b *Blob, o ImportOptions, old existing) Manifest {
	m := Manifest{
		Name:       name,
		Format:     o.Format,
		Blob:       b.Digest,
		Size:       b.Size,
		License:    o.License,
		Origin:     o.Origin,
		ProducedBy: s.options.ProducedBy,
		ProducedAt: s.options.Now().UTC().Format(time.RFC3339),
	}
	if m.Format == "" {
		m.Format = "gguf"
	}
	if old.manifest != nil && old.manifest.Blob == b.Digest {
		m.Parts, m.extra, m.Origin.extra = old.manifest.Parts, old.manifest.extra, old.manifest.Origin.extra
	}
	return m
}
