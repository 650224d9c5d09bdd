package lineedit

import (
	"slices"
	"unicode"
)

// buffer is the text that is edited, and the place in it. A cursor never stands
// between a character and the marks on it.
type buffer struct {
	text []rune
	at   int
}

// maxRunes bounds what is typed and pasted.
const maxRunes = 1 << 20

func (b *buffer) set(text string) {
	b.text = []rune(text)
	b.at = len(b.text)
}

func (b *buffer) insert(r rune) {
	if len(b.text) < maxRunes {
		b.text = slices.Insert(b.text, b.at, r)
		b.at++
	}
}

// before is the place one character to the left.
func (b *buffer) before() int {
	at := max(b.at-1, 0)
	for at > 0 && width(b.text[at]) == 0 {
		at--
	}
	return at
}

// after is the place one character to the right.
func (b *buffer) after() int {
	at := min(b.at+1, len(b.text))
	for at < len(b.text) && width(b.text[at]) == 0 {
		at++
	}
	return at
}

// wordBefore is where the word to the left begins.
func (b *buffer) wordBefore() int {
	at := b.at
	for at > 0 && unicode.IsSpace(b.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(b.text[at-1]) {
		at--
	}
	return at
}

// wordAfter is where the word to the right ends.
func (b *buffer) wordAfter() int {
	at := b.at
	for at < len(b.text) && unicode.IsSpace(b.text[at]) {
		at++
	}
	for at < len(b.text) && !unicode.IsSpace(b.text[at]) {
		at++
	}
	return at
}

// lineStart and lineEnd are the ends of the line of the cursor.
func (b *buffer) lineStart() int {
	for at := b.at; at > 0; at-- {
		if b.text[at-1] == '\n' {
			return at
		}
	}
	return 0
}

func (b *buffer) lineEnd() int {
	if n := slices.Index(b.text[b.at:], '\n'); n >= 0 {
		return b.at + n
	}
	return len(b.text)
}

// cut removes the text between two places and leaves the cursor there.
func (b *buffer) cut(from, to int) {
	b.text = slices.Delete(b.text, from, to)
	b.at = from
}

// vertical moves the cursor to the line above (-1) or below (1), as far from its
// start as it is now, and reports whether there is one.
func (b *buffer) vertical(by int) bool {
	start, end := b.lineStart(), b.lineEnd()
	column := b.at - start
	if by < 0 {
		if start == 0 {
			return false
		}
		b.at = start - 1
		b.at = min(b.lineStart()+column, start-1)
		return true
	}
	if end == len(b.text) {
		return false
	}
	b.at = end + 1
	b.at = min(b.at+column, b.lineEnd())
	return true
}

// edit does what a key says that needs the buffer alone, and reports whether it
// was such a key.
func (b *buffer) edit(k key) bool {
	switch k.does {
	case insert:
		b.insert(k.char)
	case newline:
		b.insert('\n')
	case left:
		b.at = b.before()
	case right:
		b.at = b.after()
	case wordLeft:
		b.at = b.wordBefore()
	case wordRight:
		b.at = b.wordAfter()
	case lineStart:
		b.at = b.lineStart()
	case lineEnd:
		b.at = b.lineEnd()
	case erase:
		b.cut(b.before(), b.at)
	case eraseForward, end:
		at := b.at
		b.cut(at, b.after())
	case eraseWord:
		b.cut(b.wordBefore(), b.at)
	case eraseToEnd:
		b.cut(b.at, b.lineEnd())
	case eraseToStart:
		b.cut(b.lineStart(), b.at)
	default:
		return false
	}
	return true
}
