package wire

import "fmt"

// skip consumes one value of any type and checks that it is JSON. It keeps
// its own stack, so depth costs a byte a level and no recursion.
func (s *scanner) skip() error {
	var open []byte // the brackets that are still open
	for {
		opened, err := s.skipStart()
		if err != nil {
			return err
		}
		if opened != 0 {
			if len(open) == maxDepth {
				return syntaxError(fmt.Sprintf("nested deeper than %d levels at byte %d", maxDepth, s.pos))
			}
			open = append(open, opened)
			if !s.take(opened + 2) { // '{' and '}', '[' and ']' are two apart
				if opened == '{' {
					if _, err := s.key(); err != nil {
						return err
					}
				}
				continue
			}
			open = open[:len(open)-1]
		}
		if open, err = s.skipEnd(open); err != nil || len(open) == 0 {
			return err
		}
	}
}

// skipStart consumes a value, or the bracket that opens one and returns it.
func (s *scanner) skipStart() (byte, error) {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		s.pos++
		return c, nil
	case c == '"':
		_, _, err := s.quoted()
		return 0, err
	case c == '-' || isDigit(c):
		_, err := s.number()
		return 0, err
	case s.word("true") || s.word("false") || s.word("null"):
		return 0, nil
	}
	return 0, s.unexpected("a value")
}

// skipEnd consumes what follows a value: the brackets that close here, then a
// comma, with the next key where that is in an object. It returns the
// brackets still open; with none the outermost value is complete.
func (s *scanner) skipEnd(open []byte) ([]byte, error) {
	for len(open) > 0 {
		inner := open[len(open)-1]
		if s.take(inner + 2) {
			open = open[:len(open)-1]
			continue
		}
		if !s.take(',') {
			return open, s.unexpected(fmt.Sprintf("',' or '%c'", inner+2))
		}
		if inner == '{' {
			_, err := s.key()
			return open, err
		}
		return open, nil
	}
	return open, nil
}
