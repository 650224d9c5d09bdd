package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// WireVersion is the version of the framed surface's requests.
const WireVersion = 1

// FrameType says what the payload of a length-prefixed frame is.
type FrameType byte

// The types of frames.
const (
	FrameJSON FrameType = 0x01
	FrameBlob FrameType = 0x02
)

func (t FrameType) String() string {
	switch t {
	case FrameJSON:
		return "JSON"
	case FrameBlob:
		return "BLOB"
	}
	return fmt.Sprintf("FrameType(%#02x)", byte(t))
}

const (
	// maxLengthBytes is how long the length of a frame may be.
	maxLengthBytes = 5
	// firstRead is how much of a payload is made room for before any of it
	// has arrived.
	firstRead = 32 << 10
)

// FramedReader cuts a byte stream into length-prefixed frames. It is not safe
// for concurrent use. Memory follows the bytes that have arrived, not the
// length that was declared.
type FramedReader struct {
	src *bufio.Reader
	err error // final
}

// NewFramedReader returns a FramedReader of frames of at most MaxFrame bytes.
func NewFramedReader(r io.Reader) *FramedReader {
	return &FramedReader{src: bufio.NewReaderSize(r, readChunk)}
}

// Next returns the next frame, whose payload is the caller's.
//
// At a clean end of the stream the error is io.EOF, for a frame over the limit
// ErrFrameTooLarge, and for a malformed one a *MalformedError. Any other error
// is the transport's own. All errors are final: there is no going on in the
// middle of a frame.
func (r *FramedReader) Next() (FrameType, []byte, error) {
	t, size, err := r.header()
	if err != nil {
		return 0, nil, err
	}
	payload, err := r.payload(size)
	return t, payload, err
}

// header reads what comes before a payload.
func (r *FramedReader) header() (FrameType, int, error) {
	if r.err != nil {
		return 0, 0, r.err
	}
	size, err := r.length()
	if err != nil {
		return 0, 0, r.fail(err)
	}
	c, err := r.src.ReadByte()
	if err != nil {
		return 0, 0, r.fail(truncated(err, "the type of a frame"))
	}
	if t := FrameType(c); t == FrameJSON || t == FrameBlob {
		return t, size, nil
	}
	return 0, 0, r.fail(&MalformedError{Problem: fmt.Sprintf("frame of type %#02x: allowed are 0x01 and 0x02", c)})
}

// length reads an unsigned LEB128 number.
func (r *FramedReader) length() (int, error) {
	var size uint64
	for i := range maxLengthBytes {
		c, err := r.src.ReadByte()
		if err != nil {
			if i == 0 {
				return 0, err // between frames: the end is a clean one
			}
			return 0, truncated(err, "the length of a frame")
		}
		size |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if size > MaxFrame {
				return 0, ErrFrameTooLarge
			}
			return int(size), nil
		}
	}
	return 0, &MalformedError{Problem: fmt.Sprintf("length of more than %d bytes before a frame", maxLengthBytes)}
}

// payload reads size bytes and makes room for them as they arrive.
func (r *FramedReader) payload(size int) ([]byte, error) {
	payload := make([]byte, 0, min(size, firstRead))
	for len(payload) < size {
		if len(payload) == cap(payload) {
			payload = append(make([]byte, 0, min(size, 2*cap(payload))), payload...)
		}
		n, err := io.ReadFull(r.src, payload[len(payload):cap(payload)])
		payload = payload[:len(payload)+n]
		if err != nil {
			return nil, r.fail(truncated(err, fmt.Sprintf("a frame of %d bytes", size)))
		}
	}
	return payload, nil
}

func (r *FramedReader) fail(err error) error {
	r.err = err
	return err
}

// truncated is the error of a stream that ended, or broke, inside of what.
func truncated(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &MalformedError{Problem: "the stream ends inside " + what}
	}
	return err
}

// AppendFrame writes a length-prefixed frame to dst.
func AppendFrame(dst []byte, t FrameType, payload []byte) []byte {
	return append(appendFrameHeader(dst, t, len(payload)), payload...)
}

func appendFrameHeader(dst []byte, t FrameType, size int) []byte {
	for size >= 0x80 {
		dst = append(dst, byte(size)|0x80)
		size >>= 7
	}
	return append(dst, byte(size), byte(t))
}

// AppendFramed writes a message of an NDJSON surface as a JSON frame to dst. It
// allocates only to grow dst.
func AppendFramed(dst []byte, m interface{ Append(dst []byte) []byte }) []byte {
	return appendJSONFrame(dst, func(dst []byte) []byte {
		dst = m.Append(dst)
		return dst[:len(dst)-1] // the newline
	})
}

// appendJSONFrame writes what write writes as a JSON frame.
func appendJSONFrame(dst []byte, write func([]byte) []byte) []byte {
	const usual = 3 // bytes of a header, for payloads of 128 bytes to 16 KiB
	start := len(dst)
	dst = write(append(dst, 0, 0, 0))
	size := len(dst) - start - usual
	var room [maxLengthBytes + 1]byte
	header := appendFrameHeader(room[:0], FrameJSON, size)
	if more := len(header) - usual; more > 0 {
		dst = append(dst, room[:more]...)
	}
	copy(dst[start+len(header):], dst[start+usual:start+usual+size])
	copy(dst[start:], header)
	return dst[:start+len(header)+size]
}
