package stop

import (
	"strings"
	"unicode/utf8"
)

// UTF8 makes text of a stream of bytes. An unfinished character at the end of
// a piece, at most three bytes, is held back until the next one. Bytes that
// are no UTF-8 become U+FFFD, one for each maximal subpart: the longest run of
// bytes that begins a character but is not continued as one, else one byte.
//
// The zero value is ready for use. A UTF8 is not safe for concurrent use.
type UTF8 struct {
	held  [utf8.UTFMax - 1]byte
	nHeld int
}

// Feed takes the next bytes and returns the text that is complete.
func (u *UTF8) Feed(b []byte) string {
	if u.nHeld == 0 && utf8.Valid(b) {
		return string(b)
	}
	if u.nHeld > 0 {
		b = append(u.held[:u.nHeld:u.nHeld], b...)
	}
	var text strings.Builder
	text.Grow(len(b))
	u.nHeld = 0
	for len(b) > 0 {
		n, whole := character(b)
		switch {
		case whole:
			text.Write(b[:n])
		case n == len(b) && lacking(b):
			u.nHeld = copy(u.held[:], b)
		default:
			text.WriteRune(utf8.RuneError)
		}
		b = b[n:]
	}
	return text.String()
}

// Flush ends the stream: an unfinished character becomes U+FFFD.
func (u *UTF8) Flush() string {
	if u.nHeld == 0 {
		return ""
	}
	u.nHeld = 0
	return string(utf8.RuneError)
}

// character returns the length of the first character of b, or, where there
// is none, of the first maximal subpart. b is not empty.
func character(b []byte) (n int, whole bool) {
	length, low, high := lead(b[0])
	for n = 1; n < length && n < len(b); n++ {
		if b[n] < low || b[n] > high {
			return n, false
		}
		low, high = 0x80, 0xBF
	}
	return n, n == length
}

// lacking reports whether b, a maximal subpart, is one only because it ends.
func lacking(b []byte) bool {
	length, _, _ := lead(b[0])
	return len(b) < length
}

// lead says how long a character is that begins with b, and between which
// bounds its second byte is; the others are between 0x80 and 0xBF. The length
// is 0 if no character begins so. The bounds shut out overlong forms,
// surrogates and what is above U+10FFFF (Unicode, table 3-7).
func lead(b byte) (length int, low, high byte) {
	switch {
	case b < 0x80:
		return 1, 0, 0
	case b < 0xC2:
		return 0, 0, 0
	case b < 0xE0:
		return 2, 0x80, 0xBF
	case b == 0xE0:
		return 3, 0xA0, 0xBF
	case b == 0xED:
		return 3, 0x80, 0x9F
	case b < 0xF0:
		return 3, 0x80, 0xBF
	case b == 0xF0:
		return 4, 0x90, 0xBF
	case b < 0xF4:
		return 4, 0x80, 0xBF
	case b == 0xF4:
		return 4, 0x80, 0x8F
	}
	return 0, 0, 0
}
