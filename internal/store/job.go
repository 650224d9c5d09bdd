package store

import (
	"context"
	"errors"

	"github.com/inferd/inferd/internal/disk"
)

// spare is the room that a copy leaves for manifests and folders.
const spare = 1 << 16

// job is one import.
type job struct {
	s      *Store
	from   *openSource
	o      ImportOptions
	old    existing
	link   bool
	method Method
}

// blob brings the bytes in and returns their blob, leased.
func (j *job) blob(ctx context.Context) (*Blob, error) {
	in, err := j.intake()
	if err != nil {
		return nil, err
	}
	d, err := j.digest(ctx, in)
	if err == nil {
		err = j.old.mayBecome(d, j.o)
	}
	if err != nil {
		in.discard()
		return nil, err
	}
	b, present, err := in.place(ctx, d)
	if present {
		j.method = MethodPresent
	}
	return b, err
}

// intake makes the file that is to be the blob: with the bytes in it where that
// costs nothing, else empty.
func (j *job) intake() (*intake, error) {
	j.method = MethodClone
	in, err := j.s.newIntake(func(name string) (disk.File, error) {
		return j.s.reopen(name, j.s.fs.Clone(j.from.File, name))
	})
	if !errors.Is(err, errors.ErrUnsupported) {
		return in, err
	}
	if j.link && !disk.OthersMayWrite(j.from.before) {
		j.method = MethodLink
		in, err = j.s.newIntake(func(name string) (disk.File, error) {
			return j.s.reopen(name, j.s.fs.Link(j.from.fs, j.from.name, name))
		})
		if !errors.Is(err, errors.ErrUnsupported) {
			return in, err
		}
	}
	j.method = MethodCopy
	if err := j.s.room(j.from.size()); err != nil {
		return nil, err
	}
	return j.s.newIntake(j.s.fs.Create)
}

// digest fills the file if it is empty, and hashes what is in it.
func (j *job) digest(ctx context.Context, in *intake) (Digest, error) {
	var (
		d    Digest
		n    int64
		err  error
		size = j.from.size()
	)
	progress := func(done int64) {
		if j.o.Progress != nil {
			j.o.Progress(done, size)
		}
	}
	if j.method == MethodCopy {
		d, n, err = transfer(ctx, in.file, j.from, size, progress)
	} else {
		d, n, err = transfer(ctx, nil, in.file, size, progress)
	}
	if err != nil {
		return Digest{}, err
	}
	if n != size {
		return Digest{}, &ChangedError{j.from.Path()}
	}
	if err := j.from.unchanged(); err != nil {
		return Digest{}, err
	}
	if err := j.sameFile(in); err != nil {
		return Digest{}, err
	}
	if want := j.o.Expect; !want.IsZero() && !want.Equal(d) {
		return Digest{}, &MismatchError{Path: j.from.Path(), Want: want, Actual: d}
	}
	return d, nil
}

// sameFile checks that a link is to the file that was opened: links are made by
// name, and another file may have it by now, with other rights.
func (j *job) sameFile(in *intake) error {
	if j.method != MethodLink {
		return nil
	}
	linked, err := in.file.Stat()
	if err != nil {
		return err
	}
	if !j.s.fs.SameFile(linked, j.from.before) {
		return &ChangedError{j.from.Path()}
	}
	return nil
}

// sharedWith is what another tool knows the blob as, if it does.
func (j *job) sharedWith(d Digest) (string, error) {
	switch j.method {
	case MethodLink:
		return j.from.Path(), nil
	case MethodPresent:
		entries, err := j.s.List()
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if e.Manifest.Blob == d && e.Manifest.SharedWith != "" {
				return e.Manifest.SharedWith, nil
			}
		}
	}
	return "", nil
}

// room checks that size bytes fit.
func (s *Store) room(size int64) error {
	free, err := s.fs.Free()
	if err != nil {
		return err
	}
	if free < size+spare {
		return &SpaceError{Path: s.Root(), Need: size + spare, Free: free}
	}
	return nil
}
