package wire

import "errors"

// raw consumes one value of any type and returns its text, without white space
// between its tokens: it is one line, and equal values that differ in nothing
// else are equal.
func (s *scanner) raw() ([]byte, error) {
	s.peek()
	at := s.pos
	if err := s.skip(); err != nil {
		return nil, err
	}
	return appendCompact(make([]byte, 0, s.pos-at), s.data[at:s.pos]), nil
}

// appendCompact writes checked JSON without white space between tokens.
func appendCompact(dst, text []byte) []byte {
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			dst = append(dst, c)
			i++ // what is escaped ends no string
			c = text[i]
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// json writes a value that is JSON already. What is not would break the frame,
// and is written as null.
func (o *object) json(k string, text []byte) {
	s, err := newScanner(text)
	if err == nil {
		err = s.skip()
	}
	if err == nil {
		err = s.end()
	}
	if err != nil {
		o.null(k)
		return
	}
	o.key(k)
	o.dst = appendCompact(o.dst, text)
}

// isObject reports whether text is a JSON object.
func isObject(text []byte) bool {
	s, err := newScanner(text)
	return err == nil && s.peek() == '{' && s.skip() == nil && s.end() == nil
}

// tentative consumes a value with read. One that read does not want is skipped,
// and wrong says why: whether it matters is not known yet.
func (s *scanner) tentative(read func() error) (wrong *MalformedError, err error) {
	s.peek()
	at := s.pos
	if err = read(); err == nil {
		return nil, nil
	}
	wrong, ok := errors.AsType[*MalformedError](err)
	if !ok {
		return nil, err
	}
	s.pos = at
	return wrong, s.skip()
}
