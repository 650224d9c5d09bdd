package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

const (
	partExt  = ".part"
	stateExt = ".state"
	// arrivalChunk is small, as what is on its way between reading and hashing
	// is lost when the process is killed.
	arrivalChunk = 32 << 10
	// arrivalTick is how often Receive reports while nothing comes.
	arrivalTick = time.Second
	// saveEvery and syncEvery are after how many bytes the state is written, and
	// after how many, unless Options say so, it is brought to the disk together
	// with the bytes. The first bounds what a kill costs, the second what a power
	// cut does.
	saveEvery = 64 << 10
	syncEvery = 256 << 20
)

// Arrival is a blob that comes in piece by piece, perhaps over the lives of
// several processes: Arrive goes on where the last one stopped. What has arrived
// is hashed once, as it comes. After a power cut, the bytes that were not
// synced are hashed again from the disk, and kept as far as they are right.
//
// It is not safe for concurrent use, and has one user at a time among all
// processes.
type Arrival struct {
	s        *Store
	digest   Digest
	data     disk.File
	states   disk.File
	hash     hash.Hash
	state    state // as it would be written next, but for seq and hash
	next     [2]int
	saved    int64 // the offset that was written last
	synced   int64 // and that was brought to the disk
	unsynced error // a sync failed: what is on the disk is not known
}

func (d Digest) part(ext string) string { return path.Join(partialDir, d.hex+ext) }

// Arrive begins to bring in the blob with this digest, or goes on with it, and
// waits while another process does so. If the blob is there already, with this
// size where that is not negative, it is returned instead, leased and durable.
func (s *Store) Arrive(ctx context.Context, d Digest, size int64) (*Arrival, *Blob, error) {
	a, b, err := s.arrive(ctx, d, size)
	if err != nil {
		return nil, nil, fmt.Errorf("bring in blob %s: %w", d, err)
	}
	return a, b, nil
}

func (s *Store) arrive(ctx context.Context, d Digest, size int64) (*Arrival, *Blob, error) {
	if err := disk.MkdirAll(s.fs, partialDir); err != nil {
		return nil, nil, err
	}
	for told := false; ; {
		b, err := s.present(ctx, d, size)
		if b != nil || err != nil {
			return nil, b, err
		}
		f, err := s.openPart(d.part(partExt))
		if err != nil {
			return nil, nil, err
		}
		ok, err := s.lockCurrent(d.part(partExt), f, disk.Exclusive)
		if ok {
			a, err := s.resume(ctx, d, f)
			return a, nil, err
		}
		_ = f.Close() // an unlocked file is of no use
		if err != nil {
			return nil, nil, err
		}
		if !told {
			told = true
			s.waiting(Waiting{Blob: d})
		}
		if err := sleep(ctx, lockRetry); err != nil {
			return nil, nil, fmt.Errorf("wait for another process, which brings it in: %w", err)
		}
	}
}

// present returns the blob if it is there, and then removes what is left of an
// arrival of it.
func (s *Store) present(ctx context.Context, d Digest, size int64) (*Blob, error) {
	if size < 0 {
		info, err := s.fs.Stat(d.data())
		if err != nil {
			return nil, ignoreMissing(err)
		}
		size = info.Size()
	}
	b, err := s.keepBlob(ctx, d, size)
	if b != nil {
		s.dropPart(d)
	}
	return b, err
}

// dropPart removes what is left of an arrival, unless somebody uses it. What
// can't be removed now, GC will.
func (s *Store) dropPart(d Digest) {
	f, err := s.fs.Open(d.part(partExt))
	if err == nil {
		defer f.Close()
		if free, err := s.lockCurrent(d.part(partExt), f, disk.Exclusive); !free || err != nil {
			return
		}
		_ = s.fs.Remove(d.part(partExt))
	}
	if err == nil || isMissing(err) {
		_ = s.fs.Remove(d.part(stateExt))
	}
}

// openPart opens a file of an arrival, and makes it where it is missing.
func (s *Store) openPart(name string) (disk.File, error) {
	for {
		f, err := s.fs.OpenWrite(name)
		if !isMissing(err) {
			return f, err
		}
		f, err = s.fs.Create(name)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Offset is how many bytes have arrived.
func (a *Arrival) Offset() int64 { return a.state.offset }

// Tag is what the sender called the version of the bytes, as Restart was told.
func (a *Arrival) Tag() string { return a.state.tag }

// Restart forgets what has arrived. Bytes of the version tag will come; a tag
// that is too long is none.
func (a *Arrival) Restart(tag string) error {
	if len(tag) > maxTag {
		tag = ""
	}
	a.hash = sha256.New()
	a.state.offset, a.state.tag = 0, tag
	a.synced = 0
	err := a.save(false)
	if err == nil {
		err = a.data.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("start blob %s over: %w", a.digest, err)
	}
	return nil
}

// Receive takes the next bytes from src, to its end. each, which may be nil, is
// told how many have arrived in all, whenever there are more, and every second.
// The error is of src or of the disk, a *ReceiveError if of the disk; what came
// before it is kept.
func (a *Arrival) Receive(ctx context.Context, src io.Reader, each func(offset int64)) error {
	p := pump{hash: a.hash, chunk: arrivalChunk, tick: arrivalTick, each: func(n int) error {
		a.state.offset += int64(n)
		if each != nil {
			each(a.state.offset)
		}
		return a.checkpoint()
	}}
	err := p.run(ctx, diskWriter{io.NewOffsetWriter(a.data, a.state.offset)}, src)
	if a.saved != a.state.offset {
		if saveErr := a.save(false); err == nil && saveErr != nil {
			return &ReceiveError{saveErr}
		}
	}
	return err
}

// ReceiveError is an error of the disk, not of the sender.
type ReceiveError struct{ Err error }

func (e *ReceiveError) Error() string { return "keep what arrived: " + e.Err.Error() }

func (e *ReceiveError) Unwrap() error { return e.Err }

// diskWriter tells the errors of the disk from those of the sender.
type diskWriter struct{ io.Writer }

func (w diskWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = &ReceiveError{err}
	}
	return n, err
}

// checkpoint writes the state when it is time to.
func (a *Arrival) checkpoint() error {
	var err error
	switch {
	case a.state.offset-a.synced >= a.s.options.SyncEvery:
		err = a.sync()
	case a.state.offset-a.saved >= saveEvery:
		err = a.save(false)
	}
	if err != nil {
		return &ReceiveError{err}
	}
	return nil
}

// sync brings the bytes to the disk, and then the state.
func (a *Arrival) sync() error {
	err := a.data.Sync()
	if err == nil {
		err = a.s.fs.SyncDir(partialDir)
	}
	if err == nil {
		err = a.save(true)
	}
	if err != nil {
		a.unsynced = err
		return err
	}
	a.synced = a.state.offset
	return nil
}

// save writes the state.
func (a *Arrival) save(synced bool) error {
	data, err := marshalHash(a.hash)
	if err != nil {
		return err
	}
	a.state.seq++
	a.state.hash = data
	kind := 0
	if synced {
		kind = 1
	}
	_, err = a.states.WriteAt(a.state.encode(), int64(kind*plainSlots+a.next[kind])*slotSize)
	if err == nil && synced {
		err = a.states.Sync()
	}
	a.next[kind] = 1 - a.next[kind]
	a.saved = a.state.offset
	return err
}

// Close keeps what has arrived for later. After Finish it does nothing.
func (a *Arrival) Close() error {
	if a.data == nil {
		return nil
	}
	var err error
	if a.unsynced != nil {
		// The system may have lost bytes that it took. Who goes on looks at the disk.
		a.state.boot = ""
		err = a.save(false)
	}
	err = errors.Join(err, a.states.Close(), a.data.Close())
	a.data = nil
	return err
}
