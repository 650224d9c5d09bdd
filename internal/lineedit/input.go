package lineedit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Input reads what is typed or piped in, and stops waiting when a context ends.
// It is not safe for concurrent use.
//
// A read of a terminal can't be called off. The goroutine that makes it stays
// behind a context that ended, and what it reads is for the next call; it ends
// with its read.
type Input struct {
	from   io.Reader
	chunks chan chunk
	under  bool // a read is under way
	rest   []byte
	err    error // final
}

type chunk struct {
	data []byte
	err  error
}

// NewInput returns an Input of what r reads.
func NewInput(r io.Reader) *Input { return &Input{from: r, chunks: make(chan chunk, 1)} }

const chunkBytes = 4096

// next returns the bytes that were read, and with none of them why not.
func (in *Input) next(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if data := in.rest; len(data) > 0 {
		in.rest = nil
		return data, nil
	}
	if in.err != nil {
		return nil, in.err
	}
	if !in.under {
		in.under = true
		go func() {
			buf := make([]byte, chunkBytes)
			n, err := in.from.Read(buf)
			in.chunks <- chunk{buf[:n], err}
		}()
	}
	select {
	case c := <-in.chunks:
		in.under, in.err = false, c.err
		if len(c.data) == 0 {
			return nil, c.err
		}
		return c.data, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Reader reads what is left of the input, until ctx ends.
func (in *Input) Reader(ctx context.Context) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		data, err := in.next(ctx)
		n := copy(p, data)
		if n < len(data) {
			in.rest = data[n:]
		}
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// maxLine bounds a line that is read without a terminal, and a message.
const maxLine = 16 << 20

// Line returns the next line without its end. At the end of the input the error
// is io.EOF; a last line without an end is a line.
func (in *Input) Line(ctx context.Context) (string, error) {
	var line []byte
	for {
		data, err := in.next(ctx)
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(bytes.TrimSuffix(line, []byte("\r"))), nil
		case err != nil:
			return "", err
		}
		part, rest, ended := bytes.Cut(data, []byte("\n"))
		if line = append(line, part...); len(line) > maxLine {
			return "", fmt.Errorf("read line: it has more than %d bytes", maxLine)
		}
		if ended {
			in.rest = rest
			return string(bytes.TrimSuffix(line, []byte("\r"))), nil
		}
	}
}
