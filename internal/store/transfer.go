package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"sync"
	"time"
)

// Large chunks make system calls rare; a few of them let reading, writing and
// hashing go on at the same time.
const (
	chunkSize = 1 << 20
	chunks    = 4
)

// transfer reads src to its end, writes what it reads to dst, where that is not
// nil, and returns the digest and the number of the bytes. size is the expected
// number, and progress, which may be nil, is told how far it is.
func transfer(ctx context.Context, dst io.Writer, src io.Reader, size int64, progress func(done int64)) (Digest, int64, error) {
	hash, done := sha256.New(), int64(0)
	p := pump{hash: hash, chunk: int(min(chunkSize, max(size, 1<<12))), each: func(n int) error {
		done += int64(n)
		if progress != nil {
			progress(done)
		}
		return nil
	}}
	if err := p.run(ctx, dst, src); err != nil {
		return Digest{}, done, err
	}
	return digestOf(hash.Sum(nil)), done, nil
}

// pump moves bytes from a reader to a writer through a hash.
type pump struct {
	hash  hash.Hash
	chunk int // bytes at a time
	// each is told of every number of bytes that was written and hashed, and of 0
	// bytes once every tick, where that is not 0. An error ends the transfer.
	each func(n int) error
	tick time.Duration
}

// run reads src to its end. What was read before an error of src is written and
// hashed all the same.
func (u pump) run(ctx context.Context, dst io.Writer, src io.Reader) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &pipeline{done: ctx.Done(), cancel: cancel, free: make(chan []byte, chunks)}
	for range chunks {
		p.free <- make([]byte, u.chunk)
	}
	full := p.stage(func(out chan<- []byte) { p.read(src, out) })
	if dst != nil {
		in := full
		full = p.stage(func(out chan<- []byte) { p.write(dst, in, out) })
	}
	u.drain(p, full)
	p.wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return p.readErr
}

// drain hashes what comes out of the last stage.
func (u pump) drain(p *pipeline, full <-chan []byte) {
	var idle <-chan time.Time
	if u.tick > 0 {
		ticker := time.NewTicker(u.tick)
		defer ticker.Stop()
		idle = ticker.C
	}
	for {
		n := 0
		select {
		case chunk, ok := <-full:
			if !ok {
				return
			}
			u.hash.Write(chunk)
			n = len(chunk)
			p.free <- chunk[:cap(chunk)] // has room for all of them
		case <-idle:
		}
		if err := u.each(n); err != nil {
			p.cancel(err)
			for range full { // ends soon, now that it is cancelled
			}
			return
		}
	}
}

// pipeline is what the stages of a transfer share. Chunks go from stage to
// stage, and back through free.
type pipeline struct {
	done   <-chan struct{} // the transfer was cancelled
	cancel context.CancelCauseFunc
	free   chan []byte
	wait   sync.WaitGroup
	// readErr is what ended the reading; it is there when wait is over.
	readErr error
}

// stage runs f, which sends to the channel that is returned until it ends.
func (p *pipeline) stage(f func(out chan<- []byte)) <-chan []byte {
	out := make(chan []byte)
	p.wait.Go(func() {
		defer close(out)
		f(out)
	})
	return out
}

func (p *pipeline) read(src io.Reader, out chan<- []byte) {
	for {
		var buf []byte
		select {
		case buf = <-p.free:
		case <-p.done:
			return
		}
		n, err := io.ReadFull(src, buf)
		if n > 0 && !p.send(buf[:n], out) {
			return
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if err != nil {
			p.readErr = err
			return
		}
	}
}

func (p *pipeline) write(dst io.Writer, in <-chan []byte, out chan<- []byte) {
	for chunk := range in {
		if _, err := dst.Write(chunk); err != nil {
			p.cancel(err)
			return
		}
		if !p.send(chunk, out) {
			return
		}
	}
}

func (p *pipeline) send(chunk []byte, out chan<- []byte) bool {
	select {
	case out <- chunk:
		return true
	case <-p.done:
		return false
	}
}
