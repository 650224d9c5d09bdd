package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &pipeline{done: ctx.Done(), cancel: cancel, free: make(chan []byte, chunks)}
	for range chunks {
		p.free <- make([]byte, min(chunkSize, max(size, 1<<12)))
	}
	full := p.stage(func(out chan<- []byte) { p.read(src, out) })
	if dst != nil {
		in := full
		full = p.stage(func(out chan<- []byte) { p.write(dst, in, out) })
	}
	hash, done := sha256.New(), int64(0)
	for chunk := range full {
		hash.Write(chunk)
		done += int64(len(chunk))
		p.free <- chunk[:cap(chunk)] // has room for all of them
		if progress != nil {
			progress(done)
		}
	}
	p.wait.Wait()
	if ctx.Err() != nil {
		return Digest{}, done, context.Cause(ctx)
	}
	return digestOf(hash.Sum(nil)), done, nil
}

// pipeline is what the stages of a transfer share. Chunks go from stage to
// stage, and back through free.
type pipeline struct {
	done   <-chan struct{} // the transfer was cancelled
	cancel context.CancelCauseFunc
	free   chan []byte
	wait   sync.WaitGroup
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
			p.cancel(err)
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
