package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds of a grammar. An engine expands a grammar before it uses it, and
// follows it recursively while it does; these keep both small. Every one of
// them is far beyond what a schema of a real application comes to.
const (
	maxGrammarBytes        = 64 << 10
	maxGrammarAlternations = 4096
	maxGrammarNesting      = 64      // open parentheses
	maxGrammarRepetition   = 2000    // of one item, repetitions inside it included
	maxGrammarElements     = 1 << 18 // characters, classes and references, repetitions written out
	maxGrammarStarts       = 8192    // ways to go on at one place
	maxGrammarChain        = 2048    // rules that begin with one another
)

// CheckGrammar reports whether gbnf is a grammar that an engine can be given:
// well-formed GBNF with a rule root, every rule defined, none left-recursive,
// and within bounds. The error is a *FieldError on the field grammar, which
// says at which line and column the problem is.
//
// It refuses three things that llama.cpp may let pass: a rule defined twice, a
// range or class that matches nothing, and the endless repetition of what can
// be empty.
func CheckGrammar(gbnf string) error {
	if len(gbnf) > maxGrammarBytes {
		return &FieldError{
			Field: "grammar", Problem: fmt.Sprintf("is %d bytes long", len(gbnf)),
			Allowed: fmt.Sprintf("up to %d bytes", maxGrammarBytes),
		}
	}
	if !utf8.ValidString(gbnf) {
		return &FieldError{Field: "grammar", Problem: "is not UTF-8", Allowed: "valid UTF-8"}
	}
	p := &grammarParser{src: gbnf, ids: make(map[string]int)}
	if at := strings.IndexByte(gbnf, 0); at >= 0 {
		return p.errorf(at, "", "a NUL byte would end the grammar here")
	}
	if err := p.parse(); err != nil {
		return err
	}
	return p.check()
}

// errorf makes an error about the byte at offset at.
func (p *grammarParser) errorf(at int, allowed, format string, args ...any) error {
	before := p.src[:at]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &FieldError{
		Field:   "grammar",
		Problem: fmt.Sprintf("line %d, column %d: ", line, column) + fmt.Sprintf(format, args...),
		Allowed: allowed,
	}
}

// unexpected says that what is at p.pos is not what has to be there.
func (p *grammarParser) unexpected(wanted string) error {
	if p.pos == len(p.src) {
		return p.errorf(p.pos, "", "%s expected, but the grammar ends", wanted)
	}
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return p.errorf(p.pos, "", "%s expected, found %q", wanted, r)
}

// endlessError refuses what would be a loop that reads nothing.
func (p *grammarParser) endlessError(at int) error {
	return p.errorf(at, "", "what can be empty is repeated without end")
}
