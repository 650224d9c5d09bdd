package proto

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Version is the version of the conversation; both sides must have the same.
const Version = 2

// Kind tells frames apart; it is the byte after a frame's length.
type Kind byte

// Frames from the daemon.
const (
	KindLoad     Kind = 1 // Load
	KindGenerate Kind = 2 // Generate
	KindCancel   Kind = 3 // a request number
	KindPause    Kind = 4 // a request number
	KindResume   Kind = 5 // a request number
	KindEmbed    Kind = 6 // Embed
	KindRerank   Kind = 7 // Rerank
)

// Frames from the worker.
const (
	KindHello   Kind = 65 // Hello
	KindLoading Kind = 66 // Loading
	KindReady   Kind = 67 // Ready
	KindFailed  Kind = 68 // Failed
	KindStep    Kind = 69 // events, see AppendText and AppendPrefill
	KindEnd     Kind = 70 // End
	KindVector  Kind = 71 // what came out for a text, see AppendVector
)

// The largest frame that each side accepts, in bytes. A prompt is at most one
// frame of the public wire, which JSON can make up to six times as long.
const (
	MaxToWorker = 6*64<<20 + 1<<20
	MaxToDaemon = 16 << 20
)

const header = 5 // length of kind and payload as 4 bytes, then the kind

// Reader reads frames. Not safe for concurrent use.
type Reader struct {
	r   *bufio.Reader
	max int
	buf []byte
}

// NewReader reads frames of at most max bytes from r.
func NewReader(r io.Reader, max int) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// Next is the next frame; payload is valid until the next call. The error is
// io.EOF where the other side ended between two frames.
func (r *Reader) Next() (k Kind, payload []byte, err error) {
	var h [header]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("engine link: cut inside a frame's header: %w", err)
		}
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(h[:])) - 1
	if n < 0 || n > r.max {
		return 0, nil, fmt.Errorf("engine link: a frame of %d bytes, allowed are 0 to %d", n, r.max)
	}
	if err := r.fill(n); err != nil {
		return 0, nil, fmt.Errorf("engine link: cut inside a frame: %w", err)
	}
	return Kind(h[4]), r.buf, nil
}

// fill reads n bytes into buf, which grows as they arrive: a length that was
// only declared costs nothing. A buffer that one large frame left is let go.
func (r *Reader) fill(n int) error {
	const step = 1 << 20
	if cap(r.buf) > step && n < step/2 {
		r.buf = nil
	}
	r.buf = r.buf[:0]
	for len(r.buf) < n {
		have := len(r.buf)
		more := min(n-have, step)
		if cap(r.buf)-have < more {
			grown := make([]byte, have, min(n, max(2*cap(r.buf), have+more)))
			copy(grown, r.buf)
			r.buf = grown
		}
		r.buf = r.buf[:have+more]
		if _, err := io.ReadFull(r.r, r.buf[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// Begin starts a frame at the end of dst; End closes it.
func Begin(dst []byte, k Kind) []byte { return append(dst, 0, 0, 0, 0, byte(k)) }

// Finish writes the length of the frame that starts at start in dst.
func Finish(dst []byte, start int) []byte {
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-header+1))
	return dst
}

// AppendJSON appends a frame with a JSON message.
func AppendJSON(dst []byte, k Kind, msg any) ([]byte, error) {
	b, err := json.Marshal(msg)
	if err != nil {
		return dst, fmt.Errorf("encode engine message: %w", err)
	}
	start := len(dst)
	return Finish(append(Begin(dst, k), b...), start), nil
}

// AppendNumber appends a frame that carries only a request's number.
func AppendNumber(dst []byte, k Kind, request uint64) []byte {
	start := len(dst)
	return Finish(binary.LittleEndian.AppendUint64(Begin(dst, k), request), start)
}

// Number reads the payload of such a frame.
func Number(payload []byte) (uint64, error) {
	if len(payload) != 8 {
		return 0, fmt.Errorf("engine link: a request number of %d bytes, expected 8", len(payload))
	}
	return binary.LittleEndian.Uint64(payload), nil
}
