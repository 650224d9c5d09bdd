package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// cursor reads a file front to back, through a buffer, and never past its end.
type cursor struct {
	src  *source
	size int64
	off  int64 // of the next byte

	buf   []byte
	start int64 // file offset of buf[0]
	have  int   // bytes of buf that are filled
}

// source is what values are read from, now or later.
type source struct {
	r     io.ReaderAt
	order binary.ByteOrder
}

// readAt fills p. A file that has become shorter than it was is a format error
// like any other: it does not hold what it declares.
func (s *source) readAt(p []byte, off int64) error {
	n, err := s.r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return wrong(off+int64(n), "the file ends here, before what it declares")
	default:
		return fmt.Errorf("read GGUF file at byte %d: %w", off, err)
	}
}

func (c *cursor) remain() uint64 { return uint64(c.size - c.off) }

// need refuses what the rest of the file, or a header, cannot hold. The name, if there is
// one, is that of the entry it belongs to: put into words only where something
// is wrong, since a vocabulary has a million fields.
func (c *cursor) need(n uint64, what, name string) error {
	fits := n <= c.remain()
	if fits && n <= MaxHeader && c.off+int64(n) <= MaxHeader {
		return nil
	}
	if fits {
		return wrong(c.off, "the header goes on beyond %d bytes, which is the most that is allowed", MaxHeader)
	}
	if name != "" {
		what = fmt.Sprintf("%s of %q", what, name)
	}
	return wrong(c.off, "%s takes %d bytes, and the file has %d more", what, n, c.remain())
}

// next returns the next n bytes, at most the buffer's size, valid until the
// call after.
func (c *cursor) next(n int, what, name string) ([]byte, error) {
	if err := c.need(uint64(n), what, name); err != nil {
		return nil, err
	}
	at := c.off - c.start
	if at < 0 || at+int64(n) > int64(c.have) {
		fill := min(int64(len(c.buf)), c.size-c.off)
		if err := c.src.readAt(c.buf[:fill], c.off); err != nil {
			return nil, err
		}
		c.start, c.have, at = c.off, int(fill), 0
	}
	c.off += int64(n)
	return c.buf[at : at+int64(n)], nil
}

func (c *cursor) skip(n uint64, what, name string) error {
	if err := c.need(n, what, name); err != nil {
		return err
	}
	c.off += int64(n)
	return nil
}

func (c *cursor) uint32(what, name string) (uint32, error) {
	b, err := c.next(4, what, name)
	if err != nil {
		return 0, err
	}
	return c.src.order.Uint32(b), nil
}

func (c *cursor) uint64(what, name string) (uint64, error) {
	b, err := c.next(8, what, name)
	if err != nil {
		return 0, err
	}
	return c.src.order.Uint64(b), nil
}

// name reads a key or the name of a tensor: short, not empty, and fit to be
// shown. A zero byte in it would be another name to the engine than to us.
func (c *cursor) name(limit int, what string) (string, error) {
	at := c.off
	n, err := c.uint64("the length of "+what, "")
	if err != nil {
		return "", err
	}
	if n == 0 || n > uint64(limit) {
		return "", wrong(at, "%s has %d bytes, allowed are 1 to %d", what, n, limit)
	}
	b, err := c.next(int(n), what, "")
	if err != nil {
		return "", err
	}
	s := string(b)
	if !isName(s) {
		return "", wrong(at+8, "%s is %q, allowed is text without control characters", what, s)
	}
	return s, nil
}
