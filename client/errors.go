package client

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inferd/inferd/wire"
)

// ErrNotRunning is what a *NotRunningError wraps, for errors.Is.
var ErrNotRunning = errors.New("no daemon is running")

// ErrClosed is returned by requests on a Client that was closed.
var ErrClosed = errors.New("client is closed")

// NotRunningError says that no daemon was found.
type NotRunningError struct {
	// Tried is why each place where one could be was none.
	Tried []error
}

func (e *NotRunningError) Error() string {
	if len(e.Tried) == 0 {
		return ErrNotRunning.Error() + " (this user has no place for its sockets)"
	}
	tried := make([]string, len(e.Tried))
	for i, err := range e.Tried {
		tried[i] = err.Error()
	}
	return fmt.Sprintf("%v (%s)", ErrNotRunning, strings.Join(tried, "; "))
}

// Unwrap returns ErrNotRunning.
func (e *NotRunningError) Unwrap() error { return ErrNotRunning }

// NotReadyError says that the daemon runs and does not take requests now.
type NotReadyError struct {
	// State is its last admin event.
	State wire.AdminEvent
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("the daemon takes no requests now: it is in state %q", e.State.Status())
}

// FailedError says that the daemon cannot become ready.
type FailedError struct {
	// Reason is the daemon's own.
	Reason string
}

func (e *FailedError) Error() string { return "the daemon cannot start: " + e.Reason }

// UnservedError says that the daemon is ready, and that none of its backends can
// do what was asked for.
type UnservedError struct {
	// What is that: "text", "chat", "embeddings" or "reranking".
	What string
}

func (e *UnservedError) Error() string {
	return fmt.Sprintf("the daemon serves no %s: none of its backends can", e.What)
}

// ServerError is the error frame that ended a request.
type ServerError struct {
	Code    wire.Code
	Message string
}

func (e *ServerError) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

func isNotRunning(err error) bool { return errors.Is(err, ErrNotRunning) }
