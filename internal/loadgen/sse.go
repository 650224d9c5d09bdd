package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEvent bounds one event of a stream, in bytes; a real one has hundreds.
const maxEvent = 1 << 20

var errEventTooLong = fmt.Errorf("an event of the stream has more than %d bytes", maxEvent)

// eventReader reads the data of server-sent events. Event names, ids and
// comments are skipped: a stream of completions has one kind of event.
type eventReader struct {
	in   *bufio.Reader
	data []byte
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{in: bufio.NewReaderSize(r, 64<<10)}
}

// next is the data of the next event, valid until the next call. The error is
// io.EOF at the end of the stream; an event that it cuts off does not count.
func (e *eventReader) next() ([]byte, error) {
	e.data = e.data[:0]
	some := false
	for {
		line, err := e.line()
		switch {
		case err != nil:
			return nil, err
		case len(line) == 0 && some:
			return e.data, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "data" {
			continue
		}
		if some {
			e.data = append(e.data, '\n')
		}
		some = true
		e.data = append(e.data, bytes.TrimPrefix(value, []byte(" "))...)
		if len(e.data) > maxEvent {
			return nil, errEventTooLong
		}
	}
}

// line is the next line without its end, valid until the next call.
func (e *eventReader) line() ([]byte, error) {
	line, err := e.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxEvent {
			var more []byte
			more, err = e.in.ReadSlice('\n')
			line = append(line, more...)
		}
	}
	switch {
	case len(line) > maxEvent:
		return nil, errEventTooLong
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}
