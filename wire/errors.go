package wire

import (
	"cmp"
	"strconv"
	"unicode/utf8"
)

// MalformedError says that a frame is not a message of its surface: not JSON,
// a wrong type, an unknown role, a missing part. Nothing in such a frame can
// be relied on, so it is answered with an empty id and the connection closes.
// Its text is made for the sender and quotes at most a few dozen bytes of it.
type MalformedError struct {
	// Field is where in the message, like "messages[2].role"; empty where
	// the frame as a whole is wrong.
	Field string
	// Problem says what is wrong there, and what is allowed.
	Problem string
}

func (e *MalformedError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// FieldError says that a well-formed request asks for something that is not
// allowed. It is answered with the request's id and the connection is kept.
type FieldError struct {
	// Field is the field's name on the wire, with an index where it has one.
	Field string
	// Value is what was sent, shortened; empty where showing it helps nobody.
	Value string
	// Allowed says what would have been accepted.
	Allowed string
	// Problem says what is wrong with Value; empty means "is out of range".
	Problem string
	// Code is the code of the answer; empty means CodeInvalidRequest.
	Code Code
}

// AnswerCode is the code with which the request is answered.
func (e *FieldError) AnswerCode() Code { return cmp.Or(e.Code, CodeInvalidRequest) }

func (e *FieldError) Error() string {
	text := e.Field + ": "
	if e.Value != "" {
		text += e.Value + " "
	}
	if e.Problem == "" {
		text += "is out of range"
	}
	text += e.Problem
	if e.Allowed != "" {
		text += ": allowed is " + e.Allowed
	}
	return text
}

// maxShown is how many bytes of a caller's value an error shows: enough to
// recognise it, too few to fill a log or an answer.
const maxShown = 64

// shortened cuts s to maxShown bytes without splitting a character.
func shortened[T ~string | ~[]byte](s T) string {
	return shortenedTo(string(s[:min(len(s), maxShown+1)]), maxShown)
}

// shortenedTo cuts s to most bytes without splitting a character.
func shortenedTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// quoted shortens s and quotes it, so that nothing in it can be taken for the
// text around it.
func quoted[T ~string | ~[]byte](s T) string { return strconv.Quote(shortened(s)) }
