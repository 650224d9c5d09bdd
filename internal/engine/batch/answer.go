package batch

import (
	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/internal/prompt/stop"
)

// answer makes the parts of an answer of the bytes of its tokens: whole
// characters, then text, thoughts and calls, then text without stop strings.
type answer struct {
	utf8    stop.UTF8
	parser  prompt.Parser // nil: all is text
	matcher *stop.Matcher
	parsed  []prompt.Event // reused
	parts   []prompt.Event // what may be shown now; reused
	held    int            // tokens that no part was counted for yet

	stopped   bool // a stop string was met: no more text
	called    bool // a call was among the parts
	malformed *MalformedError
}

// push takes a token's bytes.
func (a *answer) push(piece []byte) {
	a.held++
	a.parts = a.parts[:0]
	a.feed(a.utf8.Feed(piece))
}

// finish takes the end of the answer, which the model has chosen: what is not
// closed now was never meant to be.
func (a *answer) finish() { a.drain(true) }

// flush lets go what is held back, where the answer was cut off. A call that
// is not complete is nobody's fault then, and no part of it is shown.
func (a *answer) flush() { a.drain(false) }

func (a *answer) drain(ended bool) {
	a.parts = a.parts[:0]
	if a.stopped || a.malformed != nil {
		return
	}
	a.feed(a.utf8.Flush())
	if a.parser != nil {
		a.parsed = a.parser.End(a.parsed[:0])
		for _, e := range a.parsed {
			if ended || e.Kind != prompt.EventMalformed {
				a.take(e)
			}
		}
	}
	if !a.stopped {
		a.show(prompt.Event{Kind: prompt.EventText, Text: a.matcher.Flush()})
	}
}

func (a *answer) feed(text string) {
	if a.parser == nil {
		a.take(prompt.Event{Kind: prompt.EventText, Text: text})
		return
	}
	a.parsed = a.parser.Feed(a.parsed[:0], text)
	for _, e := range a.parsed {
		a.take(e)
	}
}

// take looks for stop strings. None of them goes over a thought or a call, so
// what is held back for one is text when something else comes.
func (a *answer) take(e prompt.Event) {
	if a.stopped || a.malformed != nil {
		return
	}
	if e.Kind == prompt.EventText {
		e.Text, a.stopped = a.matcher.Feed(e.Text)
		a.show(e)
		return
	}
	a.show(prompt.Event{Kind: prompt.EventText, Text: a.matcher.Flush()})
	a.show(e)
	switch e.Kind {
	case prompt.EventToolUse:
		a.called = true
	case prompt.EventMalformed:
		a.malformed = &MalformedError{Why: e.Why}
	}
}

func (a *answer) show(e prompt.Event) {
	if e.Text == "" && (e.Kind == prompt.EventText || e.Kind == prompt.EventThinking) {
		return
	}
	a.parts = append(a.parts, e)
}

// counted is the number of tokens that the next part stands for.
func (a *answer) counted() int {
	n := a.held
	a.held = 0
	return n
}
