package lineedit

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// action is what a key does; insert stands for the character itself.
type action uint8

const (
	none action = iota
	insert
	enter
	newline
	left
	right
	wordLeft
	wordRight
	lineStart
	lineEnd
	up
	down
	erase
	eraseForward
	eraseWord
	eraseToEnd
	eraseToStart
	redraw
	complete
	interrupt
	end // Ctrl-D: of the input, or the character under the cursor
)

// key is one key that was pressed.
type key struct {
	does action
	char rune // of insert
}

// controls are the keys that are one byte. A line that was typed before raw mode
// ends with a line feed.
var controls = map[byte]action{
	1: lineStart, 2: left, 3: interrupt, 4: end, 5: lineEnd, 6: right, 8: erase, 9: complete, '\n': enter, 11: eraseToEnd, 12: redraw,
	'\r': enter, 14: down, 16: up, 21: eraseToStart, 23: eraseWord, 127: erase,
}

// sequences are the keys that follow an escape character.
var sequences = map[string]action{
	"[A": up, "[B": down, "[C": right, "[D": left, "[H": lineStart, "[F": lineEnd,
	"OA": up, "OB": down, "OC": right, "OD": left, "OH": lineStart, "OF": lineEnd,
	"[1~": lineStart, "[7~": lineStart, "[4~": lineEnd, "[8~": lineEnd, "[3~": eraseForward,
	"[1;5C": wordRight, "[1;5D": wordLeft, "[1;3C": wordRight, "[1;3D": wordLeft,
	"b": wordLeft, "f": wordRight, "\r": newline, "\n": newline, "\x7f": eraseWord, "\b": eraseWord,
}

const escape = 0x1b

var (
	pasteBegin = []byte("\x1b[200~")
	pasteEnd   = []byte("\x1b[201~")
)

// keys takes the bytes of a terminal apart. The zero value is at the start.
type keys struct {
	pending []byte // the beginning of a key
	pasting bool
	afterCR bool // in a paste, a line feed would be the rest of this line end
}

// feed returns the keys that are whole with these bytes.
func (k *keys) feed(data []byte) []key {
	k.pending = append(k.pending, data...)
	var all []key
	for len(k.pending) > 0 {
		var size int
		var one key
		if k.pasting {
			one, size = k.pasted()
		} else {
			one, size = k.pressed()
		}
		if size == 0 {
			break
		}
		k.pending = slices.Delete(k.pending, 0, size)
		if one.does != none {
			all = append(all, one)
		}
	}
	return all
}

// pressed is the first key of what is pending, and how many bytes it has; 0 is
// not all of them yet.
func (k *keys) pressed() (key, int) {
	c := k.pending[0]
	if c == escape {
		return k.sequence()
	}
	if does, ok := controls[c]; ok {
		return key{does: does}, 1
	}
	return k.character()
}

// maxSequence bounds what may follow an escape character.
const maxSequence = 32

// sequence is the key that an escape character begins. One that does nothing
// here is swallowed as a whole.
func (k *keys) sequence() (key, int) {
	if bytes.HasPrefix(k.pending, pasteBegin) {
		k.pasting, k.afterCR = true, false
		return key{}, len(pasteBegin)
	}
	if len(k.pending) < 2 {
		return key{}, 0
	}
	size := 2
	switch k.pending[1] {
	case escape:
		return key{}, 1
	case '[':
		final := func(c byte) bool { return c >= 0x40 && c <= 0x7e }
		at := slices.IndexFunc(k.pending[2:min(len(k.pending), maxSequence)], final)
		if at < 0 && len(k.pending) < maxSequence {
			return key{}, 0
		}
		size = min(at+3, len(k.pending))
		if at < 0 {
			size = maxSequence
		}
	case 'O':
		if size = 3; len(k.pending) < size {
			return key{}, 0
		}
	}
	return key{does: sequences[string(k.pending[1:size])]}, size
}

// pasted is the first character of pasted text.
func (k *keys) pasted() (key, int) {
	if bytes.HasPrefix(k.pending, pasteEnd) {
		k.pasting = false
		return key{}, len(pasteEnd)
	}
	if bytes.HasPrefix(pasteEnd, k.pending) {
		return key{}, 0
	}
	c, afterCR := k.pending[0], k.afterCR
	k.afterCR = c == '\r'
	switch {
	case c == '\n' && afterCR:
		return key{}, 1
	case c == '\r', c == '\n':
		return key{insert, '\n'}, 1
	case c == '\t':
		return key{insert, '\t'}, 1
	}
	return k.character()
}

// character is the character that is pending. What is none, or would steer a
// terminal, is swallowed.
func (k *keys) character() (key, int) {
	if !utf8.FullRune(k.pending) {
		return key{}, 0
	}
	r, size := utf8.DecodeRune(k.pending)
	if r == utf8.RuneError && size == 1 || !mayEnter(r) {
		return key{}, size
	}
	return key{insert, r}, size
}

// mayEnter reports whether a message may hold r.
func mayEnter(r rune) bool {
	if r == '\n' || r == '\t' {
		return true
	}
	turns := r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 // the direction of text
	return !turns && !unicode.IsControl(r)
}

// clean is text without what a message may not hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if mayEnter(r) {
			return r
		}
		return -1
	}, text)
}
