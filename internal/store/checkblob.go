package store

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// CheckBlob verifies a blob that is open: what it hashes is what is read through
// b afterwards, whatever the name stands for by then.
func (s *Store) CheckBlob(ctx context.Context, b *Blob, o VerifyOptions) (Check, error) {
	models, err := s.models()
	if err != nil {
		return Check{}, fmt.Errorf("verify %s: %w", b.Path, err)
	}
	c := Check{Blob: b.Digest, Path: b.Path}
	for _, m := range models[b.Digest] {
		c.Names = append(c.Names, m.Name)
	}
	if err := s.checkOpen(ctx, &c, b, models[b.Digest], o); err != nil {
		return c, fmt.Errorf("verify %s: %w", b.Path, err)
	}
	return c, nil
}

func (s *Store) checkOpen(ctx context.Context, c *Check, b *Blob, models []Manifest, o VerifyOptions) error {
	s.verifying(b.Path)
	progress := func(done int64) {
		if o.Progress != nil {
			o.Progress(c.Blob, done, b.Size)
		}
	}
	actual, n, err := transfer(ctx, nil, fromStart(b.file), b.Size, progress)
	if err != nil {
		return err
	}
	c.Size = n
	switch {
	case !actual.Equal(c.Blob):
		c.State, c.Actual = CheckCorrupt, actual
	case slices.ContainsFunc(models, func(m Manifest) bool { return m.wrongSize(c.Blob, n) }):
		c.State = CheckWrongSize
	default:
		c.State = CheckGood
		return nil
	}
	if o.Repair {
		return s.repair(ctx, c, b.file)
	}
	return nil
}

// DigestOf hashes all of a file, which may be any number of gigabytes.
func DigestOf(ctx context.Context, f io.ReaderAt, size int64) (Digest, error) {
	d, n, err := transfer(ctx, nil, fromStart(f), size, nil)
	if err == nil && n != size {
		err = fmt.Errorf("hash: the file had %d bytes, and %d were read", size, n)
	}
	return d, err
}

// fromStart reads a file from its beginning, wherever it stands, and leaves it
// there.
func fromStart(f io.ReaderAt) io.Reader { return io.NewSectionReader(f, 0, 1<<62) }
