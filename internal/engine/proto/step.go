package proto

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// EventKind tells the events of a Step apart.
type EventKind byte

// The kinds of events.
const (
	EventText      EventKind = 1
	EventPrefill   EventKind = 2
	EventThinking  EventKind = 3
	EventToolUse   EventKind = 4
	EventMalformed EventKind = 5
)

// Event is what one turn of the batch loop did for one request.
type Event struct {
	Request uint64
	Kind    EventKind
	Tokens  int // of all but prefill: how many tokens it came from
	// Text is whole UTF-8, valid as long as the frame: the next piece of text
	// or of a thought; of a malformed call all that the model wrote.
	Text  []byte
	Call  *ToolUse // tool use: not nil
	Done  int      // prefill: tokens computed
	Total int      // prefill: tokens in all
}

// ToolUse is a call that the model makes, whole and valid.
type ToolUse struct {
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"` // an object
}

// AppendText appends an event of a kind that carries text to a Step frame
// begun with Begin.
func AppendText(dst []byte, k EventKind, request uint64, tokens int, text string) []byte {
	dst = append(binary.AppendUvarint(dst, request), byte(k))
	dst = binary.AppendUvarint(dst, uint64(tokens))
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// AppendToolUse appends a call to a Step frame.
func AppendToolUse(dst []byte, request uint64, tokens int, c ToolUse) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false) // the input goes on as it is
	if err := out.Encode(c); err != nil {
		return dst, fmt.Errorf("encode engine message: %w", err)
	}
	return AppendText(dst, EventToolUse, request, tokens, b.String()), nil
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
	case EventText, EventThinking, EventToolUse, EventMalformed:
		if n > uint64(len(b)) {
			return e, nil, errStep
		}
		e.Tokens, e.Text, b = int(a), b[:n], b[n:]
		if !utf8.Valid(e.Text) {
			return e, nil, errors.New("engine link: text that is not UTF-8")
		}
		if e.Kind == EventToolUse {
			err = e.readCall()
		}
	default:
		return e, nil, fmt.Errorf("engine link: an event of unknown kind %d", e.Kind)
	}
	return e, b, err
}

// readCall takes the call out of the text.
func (e *Event) readCall() error {
	e.Call = new(ToolUse)
	if err := json.Unmarshal(e.Text, e.Call); err != nil {
		return fmt.Errorf("engine link: a tool call: %w", err)
	}
	if e.Call.ID == "" || e.Call.Name == "" || len(e.Call.Input) == 0 || e.Call.Input[0] != '{' {
		return errors.New("engine link: a tool call without an id, a name or an object of arguments")
	}
	e.Text = nil
	return nil
}

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errStep
	}
	return v, b[n:], nil
}
