package schema

import (
	"encoding/json"
	"fmt"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The bounds of one schema. What compiling costs grows with the square of some
// of these, and a schema is compiled before its request waits for its turn.
const (
	maxNesting      = 64     // of objects and arrays
	maxParts        = 2048   // objects and arrays
	maxValues       = 16_384 // of any type
	maxNumber       = 100    // characters
	maxExponent     = 400    // of ten; no double has more
	maxPatternBytes = 16 << 10
)

// budget is how much of the bounds a schema has used.
type budget struct{ parts, values int }

// check walks through a decoded schema.
func (b *budget) check(v any, depth int) error {
	if b.values++; b.values > maxValues {
		return fmt.Errorf("it has too many values: allowed are %d", maxValues)
	}
	switch v := v.(type) {
	case json.Number:
		return checkNumber(v.String())
	case map[string]any:
		if err := b.part(depth); err != nil {
			return err
		}
		for _, inner := range v {
			if err := b.check(inner, depth+1); err != nil {
				return err
			}
		}
	case []any:
		if err := b.part(depth); err != nil {
			return err
		}
		for _, inner := range v {
			if err := b.check(inner, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *budget) part(depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("it nests too deep: allowed are %d levels", maxNesting)
	}
	if b.parts++; b.parts > maxParts {
		return fmt.Errorf("it has too many objects and arrays: allowed are %d", maxParts)
	}
	return nil
}

// checkNumber refuses what takes long to write out, or can't be: the library
// reckons with exact fractions.
func checkNumber(text string) error {
	exponent := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		n, err := strconv.Atoi(text[at+1:])
		if err != nil {
			n = maxExponent + 1
		}
		exponent = max(n, -n)
	}
	if exponent > maxExponent || len(text) > maxNumber {
		return fmt.Errorf("a number is too long: allowed are %d characters and exponents up to %d", maxNumber, maxExponent)
	}
	return nil
}

// patterns reads regular expressions without making programs of them: those
// of a few bytes can take many MiB, and nothing is ever matched.
func patterns() jsonschema.RegexpEngine {
	seen, size := map[string]bool{}, 0
	return func(text string) (jsonschema.Regexp, error) {
		if seen[text] {
			return unmatched(text), nil
		}
		if size += len(text); size > maxPatternBytes {
			return nil, fmt.Errorf("the patterns are too long: allowed are %d bytes in all", maxPatternBytes)
		}
		if _, err := syntax.Parse(unfolded(text), syntax.Perl); err != nil {
			return nil, err
		}
		seen[text] = true
		return unmatched(text), nil
	}
}

// unfolded is a pattern that is right where text is, without the flag i, which
// takes a millisecond for a class of many characters.
func unfolded(text string) string {
	out := []byte(text)
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '\\':
			i++
		case out[i] == '(' && i+1 < len(out) && out[i+1] == '?':
			for i += 2; i < len(out) && strings.IndexByte("imsU-", out[i]) >= 0; i++ {
				if out[i] == 'i' {
					out[i] = 's'
				}
			}
			i--
		}
	}
	return string(out)
}

// unmatched is a pattern that is not matched with anything.
type unmatched string

func (p unmatched) String() string        { return string(p) }
func (unmatched) MatchString(string) bool { return false }
