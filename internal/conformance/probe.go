package conformance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/transport"
)

// maxFrame is the protocol's largest frame.
const maxFrame = 64 << 20

// probe is one rule under way on one surface.
type probe struct {
	*surface
	ctx     context.Context //nolint:containedctx // a probe lives as long as one call
	options *Options
	open    []*conn
}

func (p *probe) close() {
	for _, c := range p.open {
		_ = c.Close()
		c.writing.Wait()
	}
}

// conn is a connection to the server under test.
type conn struct {
	net.Conn
	s        *surface
	in       *bufio.Reader
	patience time.Duration
	writing  sync.WaitGroup
}

// dial connects to the surface that is checked.
func (p *probe) dial() (*conn, error) { return p.dialTo(p.surface) }

func (p *probe) dialTo(s *surface) (*conn, error) {
	raw, err := transport.Dial(p.ctx, transport.EndpointIn(p.options.Dir, s.at))
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, s: s, in: bufio.NewReaderSize(raw, 64<<10), patience: p.options.Patience}
	p.open = append(p.open, c)
	return c, c.wait()
}

// wait gives the server its time again.
func (c *conn) wait() error { return c.SetDeadline(time.Now().Add(c.patience)) }

// send writes without waiting: what is refused early is answered while it is
// still on its way. A write that fails shows in what is read.
func (c *conn) send(stream []byte) {
	c.writing.Wait()
	c.writing.Go(func() { _, _ = c.Write(stream) })
}

// ask sends a request.
func (c *conn) ask(r request) { c.send(c.s.encode(r)) }

// closeWrite ends what the client sends.
func (c *conn) closeWrite() error {
	c.writing.Wait()
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return skipped("this kind of connection has no half-close")
	}
	return half.CloseWrite()
}

// read reads one frame; the error is io.EOF at a clean end.
func (c *conn) read() (*frame, error) {
	if err := c.wait(); err != nil {
		return nil, err
	}
	payload, err := c.payload()
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errors.New("nothing came any more")
		}
		return nil, err
	}
	return c.s.decode(payload)
}

func (c *conn) payload() ([]byte, error) {
	if c.s.kind == framed {
		return c.framedPayload()
	}
	line, err := c.in.ReadBytes('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return nil, fmt.Errorf("the stream ends inside a frame: %s", short(line))
	}
	return nil, err
}

func (c *conn) framedPayload() ([]byte, error) {
	size := 0
	for shift := 0; ; shift += 7 {
		b, err := c.in.ReadByte()
		if err != nil && shift > 0 {
			return nil, fmt.Errorf("the stream ends inside a length: %w", err)
		}
		if err != nil {
			return nil, err
		}
		size |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift == 28 {
			return nil, errors.New("a length of more than 5 bytes")
		}
	}
	if size > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes", size)
	}
	kind, err := c.in.ReadByte()
	if err != nil {
		return nil, fmt.Errorf("the stream ends before the type of a frame: %w", err)
	}
	if kind != typeJSON {
		return nil, fmt.Errorf("a frame of type %#02x, want %#02x", kind, typeJSON)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return nil, fmt.Errorf("the stream ends inside a frame: %w", err)
	}
	return payload, nil
}

// ended fails unless the connection ends with nothing more to read.
func (c *conn) ended() error {
	f, err := c.read()
	switch {
	case err == nil:
		return fmt.Errorf("the connection goes on with %s", short(f.raw))
	case errors.Is(err, io.EOF), isReset(err):
		return nil
	}
	return fmt.Errorf("the connection does not end: %w", err)
}

// isReset reports whether the server closed while there was input to read.
func isReset(err error) bool {
	_, broken := errors.AsType[*net.OpError](err)
	return broken
}

// serves fails unless the connection serves a request.
func (c *conn) serves(id string) (answer, error) {
	c.ask(c.s.request(id, nil))
	a, err := c.answer(id)
	if err == nil {
		err = a.refused()
	}
	return a, err
}

// short is the beginning of what was sent, for a line of the report.
func short(b []byte) string {
	const most = 160
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}
