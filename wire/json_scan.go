package wire

import (
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may nest in a field that is
// skipped. Nothing recurses, so this only bounds what a skip remembers.
const maxDepth = 10_000

// scanner reads one JSON text from front to back. It is here because
// encoding/json matches keys without regard to case, replaces invalid UTF-8,
// and copies a large frame several times over; a scanner does none of that.
type scanner struct {
	data []byte
	pos  int
}

// syntaxError says that the text is not JSON, or too deep to be read. It is
// about the frame as a whole, while a *MalformedError from a scanner is about
// one value.
type syntaxError string

func (e syntaxError) Error() string { return string(e) }

func syntaxErrorf(format string, args ...any) error {
	return syntaxError("not JSON: " + fmt.Sprintf(format, args...))
}

// newScanner checks that frame is UTF-8, so that no string needs to be checked
// again.
func newScanner(frame []byte) (*scanner, error) {
	if !utf8.Valid(frame) {
		at := 0
		for r, size := utf8.DecodeRune(frame); r != utf8.RuneError || size > 1; r, size = utf8.DecodeRune(frame[at:]) {
			at += size
		}
		return nil, syntaxErrorf("invalid UTF-8 at byte %d", at)
	}
	return &scanner{data: frame}, nil
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and consumes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() == c {
		s.pos++
		return true
	}
	return false
}

// unexpected says that what is at s.pos is not JSON.
func (s *scanner) unexpected(wanted string) error {
	if s.pos >= len(s.data) {
		return syntaxErrorf("%s expected, but the frame ends at byte %d", wanted, s.pos)
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return syntaxErrorf("%s expected, found %q at byte %d", wanted, r, s.pos)
}

// mismatch says that the next value is not of the type it should be, or not
// JSON at all.
func (s *scanner) mismatch(wanted string) error {
	found := kindOf(s.peek())
	at := s.pos
	if err := s.skip(); err != nil {
		return err
	}
	return &MalformedError{Problem: fmt.Sprintf("expected %s, found %s at byte %d", wanted, found, at)}
}

// kindOf names the type of the value that begins with c.
func kindOf(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.data) {
		return s.unexpected("the end of the frame")
	}
	return nil
}

// word consumes w, one of true, false and null, if it comes next.
func (s *scanner) word(w string) bool {
	s.peek()
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return false
	}
	s.pos += len(w)
	return true
}

// boolean consumes true or false.
func (s *scanner) boolean() (bool, error) {
	switch {
	case s.word("true"):
		return true, nil
	case s.word("false"):
		return false, nil
	}
	return false, s.mismatch("a boolean")
}

// at reports whether c comes next, with no white space before it.
func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// object consumes an object. each is called at every value, which it has to
// consume; key is valid only during the call.
func (s *scanner) object(each func(key []byte) error) error {
	if s.peek() != '{' {
		return s.mismatch("an object")
	}
	s.pos++
	if s.take('}') {
		return nil
	}
	for {
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected("',' or '}'")
		}
	}
}

// array consumes an array. each is called at every value, which it has to
// consume.
func (s *scanner) array(each func(index int) error) error {
	if s.peek() != '[' {
		return s.mismatch("an array")
	}
	s.pos++
	if s.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := each(i); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected("',' or ']'")
		}
	}
}
