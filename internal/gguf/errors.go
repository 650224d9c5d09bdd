package gguf

import "fmt"

// FormatError says what is wrong with a file, and what is allowed instead.
// Names and values from the file are quoted in it.
type FormatError struct {
	Offset int64 // where in the file, in bytes; 0 also stands for all of it
	What   string
}

func (e *FormatError) Error() string {
	if e.Offset == 0 {
		return "bad GGUF file: " + e.What
	}
	return fmt.Sprintf("bad GGUF file, at byte %d: %s", e.Offset, e.What)
}

func wrong(offset int64, format string, args ...any) *FormatError {
	return &FormatError{Offset: offset, What: fmt.Sprintf(format, args...)}
}
