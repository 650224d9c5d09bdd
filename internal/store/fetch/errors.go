package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/inferd/inferd/internal/store"
)

// errStalled ends an attempt in which next to nothing came.
var errStalled = errors.New("the server stopped sending")

// errShort is a body that ended before its length.
var errShort = errors.New("the connection ended before all was sent")

// SourceError refuses a source as it is written.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return e.Err.Error() }

func (e *SourceError) Unwrap() error { return e.Err }

// PolicyError refuses to go where a server sent us.
type PolicyError struct{ Reason string }

func (e *PolicyError) Error() string { return e.Reason }

// StatusError is an answer that is no success.
type StatusError struct {
	Code int
	// Host is who gave it.
	Host string
	// Wait is how long the server asks to wait; 0 where it does not.
	Wait time.Duration
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answers with status %d", e.Host, e.Code)
	if e.Wait > 0 {
		text += fmt.Sprintf(", and asks to wait %s", e.Wait)
	}
	return text
}

// Denied reports an answer that asks for other credentials.
func (e *StatusError) Denied() bool {
	return e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden
}

// Missing reports that there is no such file.
func (e *StatusError) Missing() bool {
	return e.Code == http.StatusNotFound || e.Code == http.StatusGone
}

// ProtocolError is an answer that does not fit the question.
type ProtocolError struct{ Reason string }

func (e *ProtocolError) Error() string { return e.Reason }

// SizeError is a file of another size than it must have.
type SizeError struct{ Want, Got int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("the server has %d bytes, it must be %d", e.Got, e.Want)
}

// RefusedError refuses to fetch what was wrong before. Nothing was asked of any
// server.
type RefusedError struct {
	URL          string
	Want, Actual store.Digest
	// Note is the file that remembers it.
	Note string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s had SHA-256 %s before, it must be %s; it is not fetched again (%s)",
		e.URL, e.Actual.Hex(), e.Want.Hex(), e.Note)
}
