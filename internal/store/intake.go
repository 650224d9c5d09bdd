package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"strings"

	"github.com/inferd/inferd/internal/disk"
)

const (
	partialDir = "partial"
	// importPrefix marks the files of imports, which no later run goes on with.
	importPrefix = "import-"
	// gcTries bounds how often GC may be faster: it removes unfinished files that
	// nobody has leased yet, and the empty folders in which a blob is to arrive.
	gcTries = 100
)

// intake is a leased file in partial/ that becomes a blob, or nothing.
type intake struct {
	s    *Store
	name string
	file disk.File
}

// newIntake has add make a file with the name it is given, and leases it. GC may
// remove the file before it is leased: then the next one is tried.
func (s *Store) newIntake(add func(name string) (disk.File, error)) (*intake, error) {
	if err := disk.MkdirAll(s.fs, partialDir); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		in, err := s.tryIntake(add)
		if in != nil || err != nil && (!isMissing(err) || try == gcTries) {
			return in, err
		}
	}
}

// tryIntake returns nothing when the file was removed, or an error that says so.
func (s *Store) tryIntake(add func(name string) (disk.File, error)) (*intake, error) {
	in := &intake{s: s, name: path.Join(partialDir, importPrefix+strings.ToLower(rand.Text()))}
	var err error
	if in.file, err = add(in.name); err != nil {
		return nil, err
	}
	ok, err := s.lockCurrent(in.name, in.file, disk.Shared)
	if !ok {
		in.discard()
		return nil, err
	}
	return in, nil
}

// reopen is the second half of an add whose first half made the file.
func (s *Store) reopen(name string, err error) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	f, err := s.fs.Open(name)
	if err != nil {
		_ = s.fs.Remove(name) // what can't be removed now is stale for GC
	}
	return f, err
}

// discard removes the file, if it is still there.
func (in *intake) discard() {
	_ = in.file.Close()
	_ = in.s.fs.Remove(in.name)
}

// place makes the file the blob with this digest, durable, and returns it
// leased. A blob that is there is kept, unless its size is wrong, and present
// says so; then the file is removed. It is removed on an error as well.
func (in *intake) place(ctx context.Context, d Digest) (b *Blob, present bool, err error) {
	b, present, err = in.put(ctx, d)
	if present || err != nil {
		in.discard()
	}
	return b, present, err
}

// put is place, but for removing the file.
func (in *intake) put(ctx context.Context, d Digest) (b *Blob, present bool, err error) {
	if err := in.file.Sync(); err != nil {
		return nil, false, err
	}
	info, err := in.file.Stat()
	if err != nil {
		return nil, false, err
	}
	if b, err = in.s.keepBlob(ctx, d, info.Size()); b != nil || err != nil {
		return b, true, err
	}
	if err := in.move(d); err != nil {
		return nil, false, err
	}
	b, err = in.s.blob(d, in.file)
	return b, false, err
}

// keepBlob returns the blob with this digest if it is there and of this size,
// and makes it durable: who placed it may not have come to that yet.
func (s *Store) keepBlob(ctx context.Context, d Digest, size int64) (*Blob, error) {
	b, err := s.Blob(ctx, d)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if b.Size != size {
		return nil, b.Close()
	}
	if err = b.file.Sync(); err == nil {
		err = disk.MkdirAll(s.fs, d.dir())
	}
	if err == nil {
		err = s.fs.SyncDir(d.dir())
	}
	if err != nil {
		_ = b.Close() // the blob can't be relied on, for the reason in err
		return nil, err
	}
	return b, nil
}

// move gives the synced file its path as a blob.
func (in *intake) move(d Digest) error {
	for try := 1; ; try++ {
		err := disk.MkdirAll(in.s.fs, d.dir())
		if err == nil {
			err = in.s.fs.Rename(in.name, d.data())
		}
		if err == nil {
			return in.s.fs.SyncDir(d.dir())
		}
		if !isMissing(err) || try == gcTries {
			return fmt.Errorf("place blob: %w", err)
		}
	}
}
