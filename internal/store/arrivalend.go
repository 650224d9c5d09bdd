package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/inferd/inferd/internal/disk"
)

// resume goes on with an arrival whose part this process has locked.
func (s *Store) resume(ctx context.Context, d Digest, data disk.File) (*Arrival, error) {
	states, err := s.openPart(d.part(stateExt))
	if err != nil {
		_ = data.Close()
		return nil, err
	}
	a := &Arrival{s: s, digest: d, data: data, states: states, hash: sha256.New()}
	if err := a.load(ctx); err != nil {
		_ = a.Close() // nothing was written
		return nil, err
	}
	return a, nil
}

// load finds out how far the arrival has come.
func (a *Arrival) load(ctx context.Context) error {
	info, err := a.data.Stat()
	if err != nil {
		return err
	}
	found, err := readStates(a.states)
	if err != nil {
		return err
	}
	for i, kind := range [2]int{0, plainSlots} {
		last := slices.IndexFunc(found, func(s state) bool { return s.slot >= kind && s.slot < kind+plainSlots })
		if last >= 0 {
			a.next[i] = 1 - (found[last].slot - kind)
		}
	}
	good, err := a.choose(ctx, found, info.Size())
	if err != nil {
		return err
	}
	if len(found) > 0 {
		a.state.seq = found[0].seq
	}
	a.state.offset, a.state.tag, a.state.boot = good.offset, good.tag, a.s.options.BootID
	if good.offset == info.Size() {
		return nil
	}
	return a.data.Truncate(good.offset)
}

// choose picks the state from which to go on, and takes its hash. If the system
// has run ever since the last one was written, it is that one.
func (a *Arrival) choose(ctx context.Context, found []state, size int64) (state, error) {
	if len(found) == 0 || found[0].offset == 0 {
		return state{}, nil
	}
	if last := found[0]; last.boot != "" && last.boot == a.s.options.BootID && last.offset <= size {
		if h, err := unmarshalHash(last.hash); err == nil {
			a.hash = h
			return last, nil
		}
	}
	return a.rehash(ctx, found, size)
}

// rehash reads the bytes from the disk, and returns the state that reaches
// farthest among those that they bear out.
func (a *Arrival) rehash(ctx context.Context, found []state, size int64) (state, error) {
	slices.SortFunc(found, func(x, y state) int { return int(min(1, max(-1, x.offset-y.offset))) })
	a.s.verifying(a.s.fs.Path(a.digest.part(partExt)))
	h, at, best := sha256.New(), int64(0), state{}
	for _, s := range found {
		if s.offset > size {
			break
		}
		p := pump{hash: h, chunk: chunkSize, each: func(int) error { return nil }}
		if err := p.run(ctx, nil, io.NewSectionReader(a.data, at, s.offset-at)); err != nil {
			return state{}, err
		}
		at = s.offset
		sum, err := marshalHash(h)
		if err != nil {
			return state{}, err
		}
		if slices.Equal(sum, s.hash) {
			best = s
		}
	}
	if best.offset > 0 {
		var err error
		if a.hash, err = unmarshalHash(best.hash); err != nil {
			return state{}, err
		}
	}
	return best, nil
}

// Matches reports whether what has arrived has the digest that it should have.
func (a *Arrival) Matches() bool { return digestOf(a.hash.Sum(nil)).Equal(a.digest) }

// Finish makes what has arrived the blob, and returns it, leased. Bytes with
// another digest are put into quarantine, under the name of their source, and
// the error is *MismatchError. In both cases nothing of the arrival is left; on
// other errors it stays, for later.
func (a *Arrival) Finish(ctx context.Context, source string) (*Blob, error) {
	b, err := a.finish(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("bring in blob %s: %w", a.digest, err)
	}
	a.s.forgive(a.digest, source)
	return b, nil
}

func (a *Arrival) finish(ctx context.Context, source string) (*Blob, error) {
	name := a.digest.part(partExt)
	a.s.verifying(a.s.fs.Path(name))
	if actual := digestOf(a.hash.Sum(nil)); !actual.Equal(a.digest) {
		return nil, a.reject(source, actual)
	}
	// The lock under which the bytes arrived ends with Close: others want a lease
	// too. Who brings in a blob has claimed a name, so GC keeps it in between.
	in := &intake{s: a.s, name: name, file: a.data}
	b, present, err := in.put(ctx, a.digest)
	if err != nil {
		a.unsynced = err
		return nil, errors.Join(err, a.Close())
	}
	// What can't be removed now, GC will.
	if present {
		_ = a.s.fs.Remove(name)
	}
	_ = a.s.fs.Remove(a.digest.part(stateExt))
	if err := a.Close(); err != nil {
		return nil, err
	}
	if present {
		return b, nil
	}
	return a.s.Blob(ctx, a.digest)
}

// reject puts bytes aside that are not what they should be.
func (a *Arrival) reject(source string, actual Digest) error {
	name := a.digest.part(partExt)
	to, err := a.s.quarantine(name, a.state.offset, a.digest, actual, source)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	_ = a.s.fs.Remove(a.digest.part(stateExt))
	if err := a.Close(); err != nil {
		return err
	}
	return &MismatchError{Path: a.s.fs.Path(name), Want: a.digest, Actual: actual, QuarantinePath: to}
}
