package wire

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// space skips blanks and comments, and line ends where they mean nothing.
func (p *grammarParser) space(lines bool) {
	for ; p.pos < len(p.src); p.pos++ {
		switch c := p.src[p.pos]; {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
		case c == '#':
			end := strings.IndexAny(p.src[p.pos:], "\r\n")
			if end < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += end - 1
		default:
			return
		}
	}
}

// take consumes what if it comes next.
func (p *grammarParser) take(what string) bool {
	if !strings.HasPrefix(p.src[p.pos:], what) {
		return false
	}
	p.pos += len(what)
	return true
}

// name reads the name of a rule; empty where there is none.
func (p *grammarParser) name() string {
	start := p.pos
	for p.pos < len(p.src) && isNameByte(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '-'
}

// item reads one item of a rule called name, without its repetition.
func (p *grammarParser) item(name string) (grammarItem, error) {
	item := grammarItem{at: p.pos, rule: terminal, size: 1, weight: 1}
	var err error
	switch c := p.src[p.pos]; {
	case c == '"':
		item.size, err = p.literal()
		item.optional = item.size == 0
	case c == '[':
		item.size, err = p.class()
	case c == '.':
		p.pos++
	case c == '<' || c == '!':
		err = p.token()
	case c == '(':
		return p.group(name)
	case isNameByte(c):
		item.rule = p.intern(p.name(), item.at)
	default:
		err = p.unexpected("an item, '|' or the end of the rule")
	}
	return item, err
}

// literal reads text in quotes and returns how many characters it has.
func (p *grammarParser) literal() (size int, err error) {
	at := p.pos
	for p.pos++; !p.take(`"`); size++ {
		if p.pos == len(p.src) {
			return 0, p.errorf(at, "", "'\"' without its end")
		}
		if _, err := p.char(); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// class reads characters in brackets and returns how many elements it has.
func (p *grammarParser) class() (size int, err error) {
	at := p.pos
	p.pos++
	p.take("^")
	for !p.take("]") {
		if p.pos == len(p.src) {
			return 0, p.errorf(at, "", "'[' without its ']'")
		}
		first := p.pos
		low, err := p.char()
		if err != nil {
			return 0, err
		}
		size++
		if !strings.HasPrefix(p.src[p.pos:], "-") || strings.HasPrefix(p.src[p.pos:], "-]") {
			continue
		}
		if p.pos++; p.pos == len(p.src) {
			return 0, p.errorf(at, "", "'[' without its ']'")
		}
		high, err := p.char()
		if err != nil {
			return 0, err
		}
		if high < low {
			return 0, p.errorf(first, "", "the range %s is upside down", quoted(p.src[first:p.pos]))
		}
		size++
	}
	if size == 0 {
		return 0, p.errorf(at, "one character or more between '[' and ']'", "the class is empty")
	}
	return size, nil
}

// char reads one character of a literal or a class. The text does not end
// here.
func (p *grammarParser) char() (rune, error) {
	at := p.pos
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += size
	if r != '\\' {
		return r, nil
	}
	if p.pos == len(p.src) {
		return 0, p.unexpected("an escape")
	}
	c := p.src[p.pos]
	p.pos++
	switch c {
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case '"', '\\', '[', ']', '-':
		return rune(c), nil
	case 'x':
		return p.hex(at, 2)
	case 'u':
		return p.hex(at, 4)
	case 'U':
		return p.hex(at, 8)
	}
	return 0, p.errorf(at, `one of \n \r \t \" \\ \[ \] \- \xHH \uHHHH \UHHHHHHHH`, "unknown escape")
}

// hex reads the digits of an escape that begins at offset at.
func (p *grammarParser) hex(at, digits int) (rune, error) {
	var v uint32
	for range digits {
		if p.pos == len(p.src) || hexValue(p.src[p.pos]) < 0 {
			return 0, p.unexpected("a hexadecimal digit")
		}
		v = v<<4 | uint32(hexValue(p.src[p.pos]))
		p.pos++
	}
	if v > unicode.MaxRune {
		return 0, p.errorf(at, `up to \U0010FFFF`, "%s is no character", p.src[at:p.pos])
	}
	return rune(v), nil
}

// token reads <text> or <[number]>, a token of the model, with ! in front of
// it any other. Which tokens there are only the model knows.
func (p *grammarParser) token() error {
	at := p.pos
	p.take("!")
	if !p.take("<") {
		return p.unexpected("'<'")
	}
	end := strings.IndexAny(p.src[p.pos:], ">\r\n")
	if end < 0 || p.src[p.pos+end] != '>' {
		return p.errorf(at, "", "'<' without its '>'")
	}
	text := p.src[p.pos : p.pos+end]
	p.pos += end + 1
	if number, ok := strings.CutPrefix(text, "["); ok {
		id, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
		if err != nil || id > math.MaxInt32 || !strings.HasSuffix(number, "]") {
			return p.errorf(at, "<[number]>", "%s is no token", quoted(text))
		}
		return nil
	}
	if text == "" {
		return p.errorf(at, "<text> or <[number]>", "the token is empty")
	}
	return nil
}
