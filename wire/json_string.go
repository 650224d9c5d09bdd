package wire

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// key consumes an object's key and the colon after it. A key with half a
// surrogate pair is no key of ours, whatever it is read as.
func (s *scanner) key() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.unexpected("a key in quotes")
	}
	key, escaped, err := s.quoted()
	if err != nil {
		return nil, err
	}
	if escaped {
		key, _ = unescape(key)
	}
	if !s.take(':') {
		return nil, s.unexpected("':'")
	}
	return key, nil
}

// text consumes a string. Half a surrogate pair is refused: it is no
// character, and replacing it would change what the sender meant.
func (s *scanner) text() (string, error) {
	if s.peek() != '"' {
		return "", s.mismatch("a string")
	}
	at := s.pos
	raw, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	if !escaped {
		return string(raw), nil
	}
	plain, whole := unescape(raw)
	if !whole {
		return "", &MalformedError{Problem: fmt.Sprintf("half of a UTF-16 surrogate pair in the string at byte %d", at)}
	}
	return string(plain), nil
}

// quoted consumes a string and returns what is between the quotes, and
// whether there are escapes in it; they are checked already.
func (s *scanner) quoted() (raw []byte, escaped bool, err error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, s.unexpected("an escape for the control character")
		default:
			s.pos++
		}
	}
	return nil, false, s.unexpected("'\"'")
}

// escape consumes one escape sequence.
func (s *scanner) escape() error {
	s.pos++
	if s.pos == len(s.data) {
		return s.unexpected("an escape")
	}
	switch s.data[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
		for range 4 {
			if s.pos == len(s.data) || hexValue(s.data[s.pos]) < 0 {
				return s.unexpected("a hexadecimal digit")
			}
			s.pos++
		}
		return nil
	}
	return s.unexpected("an escape")
}

// unescape resolves the escapes of a checked string. whole is false where half
// a surrogate pair was replaced by U+FFFD.
func unescape(raw []byte) (plain []byte, whole bool) {
	plain = make([]byte, 0, len(raw))
	whole = true
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(plain, raw...), whole
		}
		plain = append(plain, raw[:i]...)
		raw = raw[i+1:]
		if raw[0] != 'u' {
			plain = append(plain, unescaped(raw[0]))
			raw = raw[1:]
			continue
		}
		r := hex4(raw[1:])
		raw = raw[5:]
		if utf16.IsSurrogate(r) {
			if r = secondHalf(r, raw); r == utf8.RuneError {
				whole = false
			} else {
				raw = raw[6:]
			}
		}
		plain = utf8.AppendRune(plain, r)
	}
}

// secondHalf is the character that first makes with the escape at the
// beginning of raw, or U+FFFD where they make none.
func secondHalf(first rune, raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return utf8.RuneError
	}
	return utf16.DecodeRune(first, hex4(raw[2:]))
}

// unescaped is the character that a one-letter escape stands for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// hex4 is the value of four hexadecimal digits.
func hex4(digits []byte) rune {
	var r rune
	for _, c := range digits[:4] {
		r = r<<4 | rune(hexValue(c))
	}
	return r
}

// hexValue is the value of a hexadecimal digit, or -1.
func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
