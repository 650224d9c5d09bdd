package wire

import (
	"encoding/base64"
	"io"
)

// base64 consumes a string of standard padded base64 and decodes it from where
// it stands, so that a medium is in memory once beside its frame. Of a text
// that is not base64 only the size that its length stands for is known.
func (s *scanner) base64() (decoded []byte, undecoded int64, err error) {
	if s.peek() != '"' {
		return nil, 0, s.mismatch("a string")
	}
	text, escaped, err := s.quoted()
	if err != nil {
		return nil, 0, err
	}
	length, padding := base64Length(text, escaped)
	size := length / 4 * 3
	if size -= padding; length%4 != 0 {
		size = length * 3 / 4
	}
	size = max(size, 0)
	if length%4 != 0 {
		return nil, int64(size), nil
	}
	decoded = make([]byte, size)
	if !decodeBase64(decoded, text, escaped) {
		return nil, int64(size), nil
	}
	return decoded, 0, nil
}

// base64Length is the number of characters of a text, and how many of the last
// two are padding.
func base64Length(text []byte, escaped bool) (length, padding int) {
	var last [2]byte
	length = len(text)
	if escaped {
		r := escapes{text}
		for length = 0; len(r.text) > 0; length++ {
			last[0], last[1] = last[1], r.next()
		}
	} else if length >= 2 {
		last = [2]byte(text[length-2:])
	}
	for _, c := range last {
		if c == '=' {
			padding++
		}
	}
	return length, padding
}

// decodeBase64 fills dst, which has the size that text stands for.
func decodeBase64(dst, text []byte, escaped bool) bool {
	strict := base64.StdEncoding.Strict()
	if !escaped {
		n, err := strict.Decode(dst, text)
		return err == nil && n == len(dst)
	}
	r := base64.NewDecoder(strict, &escapes{text})
	if _, err := io.ReadFull(r, dst); err != nil {
		return false
	}
	n, err := r.Read(make([]byte, 1))
	return n == 0 && err == io.EOF
}

// escapes reads a checked JSON string with its escapes resolved. Some encoders
// escape the slash, which is a digit of base64. What is no digit, line ends
// among them, becomes a character that is none either.
type escapes struct{ text []byte }

func (e *escapes) Read(p []byte) (n int, err error) {
	for n < len(p) && len(e.text) > 0 {
		p[n] = e.next()
		n++
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next consumes one character.
func (e *escapes) next() byte {
	const noDigit = '!'
	c, length := e.text[0], 1
	if c == '\\' {
		if e.text[1] == 'u' {
			length = 6
			if r := hex4(e.text[2:]); r < 0x80 {
				c = byte(r)
			} else {
				c = noDigit
			}
		} else {
			c, length = unescaped(e.text[1]), 2
		}
	}
	e.text = e.text[length:]
	if c == '\n' || c == '\r' {
		return noDigit // the decoder would skip it
	}
	return c
}
