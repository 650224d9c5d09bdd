package prompt

import "encoding/json"

// EventKind tells the parts of an answer apart.
type EventKind uint8

// The kinds of parts.
const (
	// EventText is the next piece of what the answer says.
	EventText EventKind = iota + 1
	// EventThinking is the next piece of a thought.
	EventThinking
	// EventToolUse is a call, whole and valid.
	EventToolUse
	// EventMalformed is a call that could not be read. Text is what the model
	// wrote between the markers.
	EventMalformed
)

// Event is a part of an answer.
type Event struct {
	Kind EventKind
	Text string
	// ID, Name and Input are EventToolUse's; Input is a JSON object.
	ID    string
	Name  string
	Input json.RawMessage
	// Why says what is wrong with an EventMalformed. It quotes nothing of the
	// answer, so it may be logged.
	Why string
}

// Parser takes what a model writes apart. It gives the same events, pieces of
// text put together, however the text was cut. It is not safe for concurrent
// use, and works on one answer.
type Parser interface {
	// Feed takes the next piece of text, whole characters, and appends what is
	// certain now to dst.
	Feed(dst []Event, text string) []Event
	// End appends what was held back: the model has ended its answer.
	End(dst []Event) []Event
}
