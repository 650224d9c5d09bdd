package store

import (
	"context"
	"fmt"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// leaseRetry is how long an attempt to lease a blob waits for the next, while
// GC looks at the same blob.
const leaseRetry = 10 * time.Millisecond

// Blob is an open, leased blob. It stays whole and on the disk until it is
// closed, whatever happens to its name.
type Blob struct {
	Digest Digest
	Size   int64
	// Path is where the blob is, for a message.
	Path string

	file disk.File
}

// Blob opens a blob for reading, and leases it. The error is fs.ErrNotExist when
// there is none. The caller closes it, and lets no write reach it.
func (s *Store) Blob(ctx context.Context, d Digest) (*Blob, error) {
	f, err := s.lease(ctx, d.data())
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	b, err := s.blob(d, f)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return b, nil
}

func (s *Store) blob(d Digest, f disk.File) (*Blob, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &Blob{Digest: d, Size: info.Size(), Path: s.BlobPath(d), file: f}, nil
}

// File is the open file. disk.OSFile has the system's, to hand it on: the lease
// goes with it.
func (b *Blob) File() disk.File { return b.file }

// Close gives up the lease.
func (b *Blob) Close() error { return b.file.Close() }

// lease opens a file for reading with a shared lock that whoever finds it by
// its name will see.
func (s *Store) lease(ctx context.Context, name string) (disk.File, error) {
	for {
		f, err := s.fs.Open(name)
		if err != nil {
			return nil, err
		}
		ok, err := s.lockCurrent(name, f, disk.Shared)
		if ok {
			return f, nil
		}
		_ = f.Close() // an unlocked file is of no use
		if err != nil {
			return nil, err
		}
		if err := sleep(ctx, leaseRetry); err != nil {
			return nil, fmt.Errorf("wait for %s: %w", s.fs.Path(name), err)
		}
	}
}

// lockCurrent locks an open file, and reports whether it could, and whether the
// file still has its name.
func (s *Store) lockCurrent(name string, f disk.File, kind disk.LockKind) (bool, error) {
	ok, err := f.TryLock(kind)
	if !ok || err != nil {
		return false, err
	}
	return disk.IsCurrent(s.fs, name, f)
}

// InUse reports whether any process has a lease on a blob, or is about to
// remove it. A blob that is not there is not in use.
func (s *Store) InUse(d Digest) (bool, error) {
	f, err := s.fs.Open(d.data())
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	free, err := f.TryLock(disk.Exclusive)
	return !free, err
}

// sleep waits, or returns why the context ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
