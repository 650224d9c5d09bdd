// Package stop turns the raw output of a model into text that can be sent: it
// cuts at stop strings, across token borders, and holds back unfinished UTF-8
// characters. Its types work on one stream each, know nothing of models or
// requests, and give the same text however the stream was cut into pieces.
package stop

import "strings"

// Matcher looks for stop strings in a stream of text. The stream stops where
// the first stop string is complete; if several end at that byte, the longest
// is the match. Text is held back only while it is the beginning of a stop
// string, so a part of the match is never emitted. Fed whole characters, it
// emits whole characters.
//
// A Matcher is not safe for concurrent use.
type Matcher struct {
	patterns []pattern
	held     string // the longest end of the text so far that begins a stop string
	stopped  bool
}

// New returns a matcher for stops. Empty ones match nothing.
func New(stops []string) *Matcher {
	m := &Matcher{}
	for _, s := range stops {
		if s != "" {
			m.patterns = append(m.patterns, newPattern(s))
		}
	}
	return m
}

// Feed takes the next piece of text. It returns the text that can be emitted
// now, and whether the stream has stopped; after that it emits nothing more.
func (m *Matcher) Feed(text string) (emit string, stopped bool) {
	if m.stopped {
		return "", true
	}
	if len(m.patterns) == 0 {
		return text, false
	}
	held := len(m.held)
	for i := range len(text) {
		var match int
		if held, match = m.step(text[i]); match > 0 {
			emit = m.head(text[:i+1], match)
			m.held, m.stopped = "", true
			return emit, true
		}
	}
	emit = m.head(text, held)
	if emit == "" {
		m.held += text
	} else {
		// Cloned, so that a few held bytes do not keep a long text alive.
		m.held = strings.Clone(tail(m.held, text, held))
	}
	return emit, false
}

// Flush ends the stream and returns the text still held back. The matcher can
// then take a new stream.
func (m *Matcher) Flush() string {
	emit := m.held
	m.held, m.stopped = "", false
	for i := range m.patterns {
		m.patterns[i].matched = 0
	}
	return emit
}

// step moves every pattern on by one byte. held is how many bytes at the end
// of the text begin a stop string; match is the length of the longest stop
// string that ends here, or 0.
func (m *Matcher) step(b byte) (held, match int) {
	for i := range m.patterns {
		p := &m.patterns[i]
		p.step(b)
		if p.matched == len(p.text) {
			match = max(match, p.matched)
		}
		held = max(held, p.matched)
	}
	return held, match
}

// head is the held text and text without the last n bytes.
func (m *Matcher) head(text string, n int) string {
	if n <= len(text) {
		return m.held + text[:len(text)-n]
	}
	return m.held[:len(m.held)-(n-len(text))]
}

// tail is the last n bytes of held and text.
func tail(held, text string, n int) string {
	if n <= len(text) {
		return text[len(text)-n:]
	}
	return held[len(held)-(n-len(text)):] + text
}

// pattern follows one stop string through the text, by Knuth, Morris and Pratt.
type pattern struct {
	text string
	// back[n] is the length of the longest proper beginning of text that also
	// ends its first n+1 bytes.
	back    []int
	matched int // how many bytes of text the stream ends with
}

func newPattern(text string) pattern {
	p := pattern{text: text, back: make([]int, len(text))}
	for i := 1; i < len(text); i++ {
		n := p.back[i-1]
		for n > 0 && text[i] != text[n] {
			n = p.back[n-1]
		}
		if text[i] == text[n] {
			n++
		}
		p.back[i] = n
	}
	return p
}

// step is not called again after a full match: the stream has stopped then.
func (p *pattern) step(b byte) {
	for p.matched > 0 && b != p.text[p.matched] {
		p.matched = p.back[p.matched-1]
	}
	if b == p.text[p.matched] {
		p.matched++
	}
}
