package proto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// EventKind tells the events of a Step apart.
type EventKind byte

// The kinds of events.
const (
	EventText    EventKind = 1
	EventPrefill EventKind = 2
)

// Event is what one turn of the batch loop did for one request.
type Event struct {
	Request uint64
	Kind    EventKind
	Tokens  int    // text: how many tokens it came from
	Text    []byte // text: whole UTF-8, valid as long as the frame
	Done    int    // prefill: tokens computed
	Total   int    // prefill: tokens in all
}

// AppendText appends a text event to a Step frame begun with Begin.
func AppendText(dst []byte, request uint64, tokens int, text string) []byte {
	dst = append(binary.AppendUvarint(dst, request), byte(EventText))
	dst = binary.AppendUvarint(dst, uint64(tokens))
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// AppendPrefill appends a prefill event to a Step frame.
func AppendPrefill(dst []byte, request uint64, done, total int) []byte {
	dst = append(binary.AppendUvarint(dst, request), byte(EventPrefill))
	dst = binary.AppendUvarint(dst, uint64(done))
	return binary.AppendUvarint(dst, uint64(total))
}

var errStep = errors.New("engine link: a step frame is cut off")

// EachEvent calls f for the events of a Step frame's payload, in order.
func EachEvent(payload []byte, f func(Event) error) error {
	for len(payload) > 0 {
		var e Event
		var err error
		if e, payload, err = nextEvent(payload); err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

func nextEvent(b []byte) (e Event, rest []byte, err error) {
	var a, n uint64
	if e.Request, b, err = uvarint(b); err != nil {
		return e, nil, err
	}
	if len(b) == 0 {
		return e, nil, errStep
	}
	e.Kind, b = EventKind(b[0]), b[1:]
	if a, b, err = uvarint(b); err != nil {
		return e, nil, err
	}
	if n, b, err = uvarint(b); err != nil {
		return e, nil, err
	}
	const most = 1 << 31
	if a > most || n > most {
		return e, nil, fmt.Errorf("engine link: an event with a count of %d", max(a, n))
	}
	switch e.Kind {
	case EventPrefill:
		e.Done, e.Total = int(a), int(n)
	case EventText:
		if n > uint64(len(b)) {
			return e, nil, errStep
		}
		e.Tokens, e.Text, b = int(a), b[:n], b[n:]
		if !utf8.Valid(e.Text) {
			return e, nil, errors.New("engine link: text that is not UTF-8")
		}
	default:
		return e, nil, fmt.Errorf("engine link: an event of unknown kind %d", e.Kind)
	}
	return e, b, nil
}

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errStep
	}
	return v, b[n:], nil
}
