package backend

import (
	"errors"
	"fmt"

	"github.com/inferd/inferd/wire"
)

// Kind says whose fault an error is; it decides the code on the wire and
// whether the router counts it against the backend.
type Kind uint8

// The kinds of errors.
const (
	// Unavailable: the backend could not serve, or died while serving.
	// The only kind that counts against the backend.
	Unavailable Kind = iota + 1
	// Invalid: the request can't be served by this backend as it stands: too
	// long, a grammar that does not compile. It is the caller's to mend.
	Invalid
	// Internal: a bug on this side.
	Internal
)

func (k Kind) String() string {
	switch k {
	case Unavailable:
		return "unavailable"
	case Invalid:
		return "invalid"
	case Internal:
		return "internal"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Error is how a backend fails. Message is shown to the caller: it names what
// was wrong and what is allowed, and holds no prompt text and no secret.
type Error struct {
	Kind Kind
	// Code is the code on the wire where Kind's own is not exact enough.
	Code    wire.Code
	Message string
	// Quote is text of the answer, or of the request, that the caller is shown
	// after Message. It goes into no log.
	Quote string
	Err   error // the cause, for the log; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// ErrNotBegun is the cause of an Unavailable error where nothing of the request
// was done, so that it may be given to a backend again.
var ErrNotBegun = errors.New("nothing of the request was begun")

// Errorf makes an Error without a cause.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of err: that of the *Error in its chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
