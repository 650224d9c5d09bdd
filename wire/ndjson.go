package wire

import (
	"bytes"
	"errors"
	"io"
)

// MaxFrame is the longest frame in bytes, without its line end. Exactly this
// many are accepted.
const MaxFrame = 64 << 20

// ErrFrameTooLarge is what a Reader returns for a line longer than its limit,
// and from then on: where the next frame begins is not known any more.
var ErrFrameTooLarge = errors.New("frame too large")

const (
	// readChunk is the smallest buffer: what an idle connection costs.
	readChunk = 4 << 10
	// maxEmptyReads is how often a transport may return nothing, with no
	// error, before it counts as broken.
	maxEmptyReads = 100
)

// Reader cuts a byte stream into frames, one for each line. It is not safe
// for concurrent use.
//
// Memory follows the bytes that have arrived: the buffer is made at the first
// read, doubles while a line goes on, never exceeds the limit by more than one
// read chunk, and is let go when its frames have been consumed.
type Reader struct {
	src io.Reader
	max int

	buf     []byte // buf[start:] has arrived and was not returned yet
	start   int
	scanned int   // no line end in buf[start:scanned]
	err     error // from src, to be returned after the lines in buf
}

// NewReader returns a Reader of frames of at most MaxFrame bytes.
func NewReader(r io.Reader) *Reader { return NewReaderSize(r, MaxFrame) }

// NewReaderSize returns a Reader of frames of at most max bytes; 0 or less
// means MaxFrame.
func NewReaderSize(r io.Reader, max int) *Reader {
	if max <= 0 {
		max = MaxFrame
	}
	return &Reader{src: r, max: max}
}

// Next returns the next frame without its line end (\n or \r\n). The slice is
// valid until the next call. Lines of nothing but white space are skipped, and
// a last line needs no line end.
//
// At a clean end of the stream the error is io.EOF, for a line over the limit
// ErrFrameTooLarge; both are final. Any other error is the transport's own, as
// it is: what had arrived is kept, so that after a timeout Next can go on.
func (r *Reader) Next() ([]byte, error) {
	r.release()
	for r.err != ErrFrameTooLarge {
		frame, ok := r.line()
		switch {
		case len(frame) > r.max || !ok && r.overflows():
			*r = Reader{src: r.src, max: r.max, err: ErrFrameTooLarge}
		case ok && !blank(frame):
			return frame, nil
		case !ok && r.err != nil:
			return nil, r.takeErr()
		case !ok:
			r.fill()
		}
	}
	return nil, r.err
}

// line takes the next line from the buffer. After the end of the stream what
// is left counts as one.
func (r *Reader) line() ([]byte, bool) {
	var frame []byte
	if i := bytes.IndexByte(r.buf[r.scanned:], '\n'); i >= 0 {
		frame = r.buf[r.start : r.scanned+i]
		r.start = r.scanned + i + 1
		r.scanned = r.start
	} else {
		r.scanned = len(r.buf)
		if r.err != io.EOF || r.start == len(r.buf) {
			return nil, false
		}
		frame = r.buf[r.start:]
		r.start = len(r.buf)
	}
	return bytes.TrimSuffix(frame, []byte{'\r'}), true
}

// overflows reports whether the unfinished line can't become a frame any
// more. One byte over the limit may still be the \r of the line end.
func (r *Reader) overflows() bool {
	pending := r.buf[r.start:]
	return len(pending) > r.max+1 || len(pending) == r.max+1 && pending[r.max] != '\r'
}

// takeErr returns the transport's error. The end of the stream stays, any
// other is forgotten so that the next call reads again.
func (r *Reader) takeErr() error {
	err := r.err
	if err != io.EOF {
		r.err = nil
	}
	return err
}

// release drops a buffer that had to grow once its lines are consumed; lines
// read ahead move to one that fits them.
func (r *Reader) release() {
	ahead := r.buf[r.start:]
	if len(ahead) == 0 {
		r.start, r.scanned = 0, 0
		r.buf = r.buf[:0]
		if cap(r.buf) > readChunk {
			r.buf = nil
		}
		return
	}
	if cap(r.buf) > readChunk && len(ahead) <= cap(r.buf)/4 {
		r.move(max(readChunk, len(ahead)))
	}
}

// fill reads once, after making room.
func (r *Reader) fill() {
	if len(r.buf) == cap(r.buf) {
		r.makeRoom()
	}
	for range maxEmptyReads {
		n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// makeRoom gains space for a read by moving the unfinished line to the front
// of the buffer, or to one of twice the size.
func (r *Reader) makeRoom() {
	size := max(readChunk, cap(r.buf))
	if pending := len(r.buf) - r.start; pending > size/2 {
		size *= 2
	}
	if size >= r.max {
		size = r.max + readChunk // one more step would copy everything for little
	}
	r.move(size)
}

// move puts what is pending at the front of a buffer of the given size.
func (r *Reader) move(size int) {
	to := r.buf
	if size != cap(to) {
		to = make([]byte, 0, size)
	}
	pending := r.buf[r.start:]
	r.buf = append(to[:0], pending...)
	r.scanned -= r.start
	r.start = 0
}

// blank reports whether a line holds nothing but JSON white space.
func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
