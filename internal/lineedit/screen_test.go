package lineedit

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// screen is a terminal that understands what the editor writes, and fails the
// test where it writes anything else, or to the last column.
type screen struct {
	*testing.T
	columns     int
	rows        [][]string // cells; the right half of a wide character is ""
	row, column int
}

var sequence = regexp.MustCompile(`^\x1b\[(\??)(\d*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		if m := sequence.FindStringSubmatch(text); m != nil {
			s.control(m[1]+m[3], m[2])
			text = text[len(m[0]):]
			continue
		}
		r := []rune(text)[0]
		s.put(r)
		text = text[len(string(r)):]
	}
	return len(p), nil
}

func (s *screen) control(what, number string) {
	n, _ := strconv.Atoi(number)
	switch what {
	case "A":
		if s.row -= n; s.row < 0 {
			s.Errorf("the cursor leaves the screen by %d rows", -s.row)
			s.row = 0
		}
	case "C":
		s.column += n
	case "J":
		if number == "2" {
			s.rows = nil
			return
		}
		s.rows = s.rows[:min(s.row+1, len(s.rows))]
		if s.row < len(s.rows) {
			s.rows[s.row] = s.rows[s.row][:min(s.column, len(s.rows[s.row]))]
		}
	case "H":
		s.row, s.column = 0, 0
	case "?h", "?l":
	default:
		s.Errorf("unknown control %q", what)
	}
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.column = 0
		return
	case '\n':
		s.row++
		return
	}
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
	for len(s.rows[s.row]) <= s.column+1 {
		s.rows[s.row] = append(s.rows[s.row], " ")
	}
	w := width(r)
	switch {
	case !mayEnter(r):
		s.Errorf("wrote %q", r)
	case w == 0:
		at := max(s.column-1, 0)
		s.rows[s.row][at] += string(r)
	default:
		s.rows[s.row][s.column] = string(r)
		if w == 2 {
			s.rows[s.row][s.column+1] = ""
		}
	}
	if s.column += w; s.column >= s.columns {
		s.Errorf("wrote to column %d of %d", s.column, s.columns)
	}
}

// shown is what is on the screen, without what is blank at the right.
func (s *screen) shown() string {
	var lines []string
	for _, row := range s.rows {
		lines = append(lines, strings.TrimRight(strings.Join(row, ""), " "))
	}
	return strings.Join(lines, "\n")
}
