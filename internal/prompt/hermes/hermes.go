// Package hermes reads what models of the Hermes family write: thoughts in
// <think>, tool calls in <tool_call>, and text around them. What is text goes
// out at once: no more is held back than the beginning of a marker.
//
// Where the markers count:
//   - <think> opens a thought as the first thing of an answer, right after
//     another thought or a call, and elsewhere alone on a line of its own. In
//     the middle of a line it is text: an answer may speak about it.
//   - <tool_call> opens a call anywhere outside a thought. The call ends with
//     the first </tool_call> that is not inside of a JSON string.
//
// What the family writes around its markers is not part of the content: one
// line break before a call and before the end of a thought, all of them after
// the beginning and the end of a thought, and white space after a call. So an
// answer that a client sends back renders to the tokens that were generated.
package hermes

import (
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/prompt"
)

const (
	openThink  = "<think>"
	closeThink = "</think>"
	openCall   = "<tool_call>"
	closeCall  = "</tool_call>"

	breaks = "\n"
	blanks = " \t\r\n"
)

// Options say what is known of an answer beforehand.
type Options struct {
	// Thinking says that the prompt has opened a thought.
	Thinking bool
	// DropThinking is for surfaces that can't show thoughts.
	DropThinking bool
	// CallsAsText is for answers to which no tools were offered: a call can't
	// be meant then, and stays the text that it is.
	CallsAsText bool
	// Taken are ids that calls must not get: those in the conversation.
	Taken map[string]bool
}

// state is what the next character belongs to.
type state uint8

const (
	atStart state = iota // nothing yet, or nothing since the last marker
	inText
	inThought
	inCall
)

// Parser implements prompt.Parser. Its work is linear in the text.
type Parser struct {
	o     Options
	state state
	held  string // the end of the text so far, where it may begin a marker
	skip  string // white space that is dropped until something else comes
	call  call
	calls int // ids given so far
	// first and inside are the markers that count at the start and in text.
	first, inside []marker
}

// marker is a text that changes the state.
type marker struct {
	text string
	to   state
}

// thoughtEnds are the markers that count in a thought.
var thoughtEnds = []marker{{breaks + closeThink, atStart}, {closeThink, atStart}}

// New returns a parser for one answer.
func New(o Options) *Parser {
	p := &Parser{o: o}
	p.first = []marker{{openThink, inThought}}
	p.inside = []marker{{breaks + openThink + breaks, inThought}}
	if !o.CallsAsText {
		p.first = append(p.first, marker{openCall, inCall})
		p.inside = append(p.inside, marker{breaks + openCall, inCall}, marker{openCall, inCall})
	}
	if o.Thinking {
		p.enter(inThought)
	}
	return p
}

// Feed implements prompt.Parser.
func (p *Parser) Feed(dst []prompt.Event, text string) []prompt.Event {
	rest := text
	if p.held != "" {
		rest, p.held = p.held+text, ""
	}
	for rest != "" {
		if p.skip != "" {
			if rest = strings.TrimLeft(rest, p.skip); rest == "" {
				break
			}
			p.skip = ""
		}
		var waits bool
		if dst, rest, waits = p.step(dst, rest); waits {
			p.held = strings.Clone(rest)
			break
		}
	}
	return dst
}

// step takes what it can from the front of s, which is not empty. It waits
// where all that is left may begin a marker.
func (p *Parser) step(dst []prompt.Event, s string) (_ []prompt.Event, rest string, waits bool) {
	switch p.state {
	case inCall:
		rest, closed := p.call.feed(s)
		if closed {
			dst = append(dst, p.close())
			p.enter(atStart)
			p.skip = blanks
		}
		return dst, rest, false
	case atStart:
		m, could := match(s, p.first)
		switch {
		case m != nil:
			p.enter(m.to)
			return dst, s[len(m.text):], false
		case could:
			return dst, s, true
		}
		p.state = inText
		return dst, s, false
	case inThought:
		return p.run(dst, s, prompt.EventThinking, thoughtEnds)
	}
	return p.run(dst, s, prompt.EventText, p.inside)
}

// run emits s up to the first marker, or to what may become one.
func (p *Parser) run(dst []prompt.Event, s string, k prompt.EventKind, markers []marker) (_ []prompt.Event, rest string, waits bool) {
	for at := 0; ; at++ {
		// All markers begin with one of these.
		next := strings.IndexAny(s[at:], breaks+"<")
		if next < 0 {
			return p.emit(dst, k, s), "", false
		}
		at += next
		m, could := match(s[at:], markers)
		if m == nil && !could {
			continue
		}
		dst = p.emit(dst, k, s[:at])
		if m == nil {
			return dst, s[at:], true
		}
		p.enter(m.to)
		return dst, s[at+len(m.text):], false
	}
}

// match finds the marker that s begins with, or whether s could become one.
func match(s string, markers []marker) (m *marker, could bool) {
	for i := range markers {
		if strings.HasPrefix(s, markers[i].text) {
			return &markers[i], false
		}
		could = could || strings.HasPrefix(markers[i].text, s)
	}
	return nil, could
}

// enter changes the state behind a marker.
func (p *Parser) enter(to state) {
	p.skip = ""
	if to == inThought || p.state == inThought {
		p.skip = breaks
	}
	p.state = to
}

func (p *Parser) emit(dst []prompt.Event, k prompt.EventKind, s string) []prompt.Event {
	if s == "" || k == prompt.EventThinking && p.o.DropThinking {
		return dst
	}
	return append(dst, prompt.Event{Kind: k, Text: s})
}

// close makes an event of the call that has ended.
func (p *Parser) close() prompt.Event {
	raw := p.call.take()
	name, input, err := read(raw)
	if err != nil {
		return prompt.Event{Kind: prompt.EventMalformed, Text: raw, Why: err.Error()}
	}
	return prompt.Event{Kind: prompt.EventToolUse, ID: p.id(), Name: name, Input: input}
}

// id is the next id that is not taken: the same request gives the same ones.
func (p *Parser) id() string {
	for {
		p.calls++
		if id := "call_" + strconv.Itoa(p.calls); !p.o.Taken[id] {
			return id
		}
	}
}

// End implements prompt.Parser.
func (p *Parser) End(dst []prompt.Event) []prompt.Event {
	held := p.held
	p.held = ""
	switch p.state {
	case inCall:
		p.state = atStart
		return append(dst, prompt.Event{Kind: prompt.EventMalformed, Text: p.call.take(), Why: errOpen.Error()})
	case inThought:
		return p.emit(dst, prompt.EventThinking, held)
	}
	return p.emit(dst, prompt.EventText, held)
}
