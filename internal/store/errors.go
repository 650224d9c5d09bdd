package store

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNoModel is what errors about a name wrap that has no manifest.
var ErrNoModel = errors.New("no such model")

// ExistsError refuses to change what a name stands for.
type ExistsError struct {
	Name Name
	// Blob is what it stands for; zero when its manifest can't be read, and then
	// Err says why.
	Blob Digest
	Err  error
}

func (e *ExistsError) Unwrap() error { return e.Err }

func (e *ExistsError) Error() string {
	if e.Blob.IsZero() {
		return fmt.Sprintf("model %s is there, and its manifest can't be read (%v); remove it first", e.Name, e.Err)
	}
	return fmt.Sprintf("model %s is there with other content (%s); remove it first, or choose another name", e.Name, e.Blob)
}

// MismatchError reports bytes with another digest than they must have.
type MismatchError struct {
	Path         string
	Want, Actual Digest
	// QuarantinePath is where the bytes were put; empty where they stayed.
	QuarantinePath string
}

func (e *MismatchError) Error() string {
	text := fmt.Sprintf("%s has SHA-256 %s, it must be %s", e.Path, e.Actual.Hex(), e.Want.Hex())
	if e.QuarantinePath != "" {
		text += "; it was put into " + e.QuarantinePath
	}
	return text
}

// SpaceError reports that bytes would not fit.
type SpaceError struct {
	Path       string
	Need, Free int64
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s has %d bytes free, %d are needed", e.Path, e.Free, e.Need)
}

// ChangedError reports a file that somebody wrote to while it was read.
type ChangedError struct {
	Path string
}

func (e *ChangedError) Error() string {
	return e.Path + " changed while it was read; try again when nothing writes to it"
}

func quote(s string) string { return strconv.QuoteToASCII(s) }
