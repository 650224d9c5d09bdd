package wire

import (
	"fmt"
	"strconv"
)

// number consumes a number and returns its text.
func (s *scanner) number() ([]byte, error) {
	if c := s.peek(); c != '-' && !isDigit(c) {
		return nil, s.mismatch("a number")
	}
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if err := s.digits(); err != nil {
		return nil, err
	}
	if s.at('.') {
		s.pos++
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	return s.data[start:s.pos], nil
}

// digits consumes one digit or more.
func (s *scanner) digits() error {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	if s.pos == start {
		return s.unexpected("a digit")
	}
	return nil
}

// float consumes a number. One beyond the range of a float64 is read as an
// infinity, for the message's own rules to refuse.
func (s *scanner) float() (float64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	f, _ := strconv.ParseFloat(string(text), 64)
	return f, nil
}

// integer consumes a number without fraction or exponent. One beyond the
// range of an int64 is read as the nearest in it, for the message's own rules
// to judge.
func integer[T int | int64](s *scanner) (T, error) {
	text, err := s.whole()
	if err != nil {
		return 0, err
	}
	n, _ := strconv.ParseInt(string(text), 10, 64)
	return T(n), nil
}

// unsigned consumes an integer that fits T.
func unsigned[T uint32 | uint64](s *scanner) (T, error) {
	text, err := s.whole()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if most := ^T(0); err != nil || n > uint64(most) {
		return 0, &MalformedError{Problem: fmt.Sprintf("%s is out of range: allowed is 0 to %d", shortened(text), most)}
	}
	return T(n), nil
}

// whole consumes a number that is written as an integer.
func (s *scanner) whole() ([]byte, error) {
	text, err := s.number()
	if err != nil {
		return nil, err
	}
	for _, c := range text {
		if c != '-' && !isDigit(c) {
			return nil, &MalformedError{Problem: fmt.Sprintf("expected an integer, found %s", shortened(text))}
		}
	}
	return text, nil
}
