package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	// Source is where it stands: a file, an environment variable or a flag.
	Source string
	// Line is the line in the file; 0 where there is none.
	Line int
	// Key is the full key, as in backends[1].slots; empty where the file
	// as a whole is meant.
	Key string
	// Message says what is wrong and what is allowed.
	Message string
}

func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key)
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Error is every problem that one Load found.
type Error struct{ Problems []*Problem }

// Error is one line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the problems to errors.As and errors.Is.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		errs[i] = p
	}
	return errs
}

// maxProblems is how many are reported; nobody mends more in one go.
const maxProblems = 50

// problems collects what is wrong, in the order in which it was found.
type problems struct {
	list []*Problem
	more int // beyond maxProblems
}

func (ps *problems) add(source string, line int, key, format string, args ...any) {
	if len(ps.list) == maxProblems {
		ps.more++
		return
	}
	ps.list = append(ps.list, &Problem{
		Source: source, Line: line, Key: key, Message: fmt.Sprintf(format, args...),
	})
}

func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	if ps.more > 0 {
		last := ps.list[len(ps.list)-1]
		ps.list = append(ps.list, &Problem{Source: last.Source, Message: fmt.Sprintf("and %d more problems", ps.more)})
	}
	return &Error{Problems: ps.list}
}

// nearest is the allowed word that key was most likely meant to be, or "" if
// none is close. The beginning of a word is close to it.
func nearest(key string, allowed []string) string {
	key = strings.ToLower(key)
	best, bestDistance := "", len(key)/2+1
	for _, word := range allowed {
		d := editDistance(key, word)
		if len(key) >= minBeginning && strings.HasPrefix(word, key) {
			d = 1
		}
		if d < bestDistance {
			best, bestDistance = word, d
		}
	}
	return best
}

// minBeginning is how much of a word says which one is meant.
const minBeginning = 4

// maxNearestKey bounds the work that a long unknown key can cause.
const maxNearestKey = 64

// editDistance is the Levenshtein distance of two short words, in bytes.
func editDistance(a, b string) int {
	if len(a) > maxNearestKey {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// oneOf lists words for a message, sorted.
func oneOf(words []string) string {
	sorted := slices.Sorted(slices.Values(words))
	return strings.Join(sorted, ", ")
}
