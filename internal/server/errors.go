package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/wire"
)

// ErrShutdown is the cause with which the base context of Serve should end:
// running requests then end as cancelled, waiting ones as refused.
var ErrShutdown = errors.New("daemon is shutting down")

// The causes with which a request's context ends, beside ErrShutdown.
var (
	errClientGone = errors.New("client is gone")
	errStalled    = errors.New("client has stopped reading")
	errDeadline   = errors.New("deadline has passed")
)

// errPanic stands for a bug that ended a request.
var errPanic = errors.New("panic in the session")

// errNoTerminal: a backend returned with neither an error nor a stop reason.
var errNoTerminal = &backend.Error{Kind: backend.Unavailable, Message: wire.MsgNoTerminalFrame}

// The messages that are this surface's own. Clients match on those in wire.
const (
	msgDraining = "daemon is draining: it takes no new requests"
	msgInternal = "internal error"
)

// codeOf is the code and the message with which a request that ended in err
// is answered. What it does not know is a bug on this side, and no caller
// learns more about it than that.
func codeOf(err error) (wire.Code, string) {
	if _, ok := errors.AsType[*wire.MalformedError](err); ok {
		return wire.CodeInvalidRequest, err.Error()
	}
	if e, ok := errors.AsType[*backend.Error](err); ok {
		return codeOfBackend(e)
	}
	if e, ok := errors.AsType[*wire.FieldError](err); ok {
		return e.AnswerCode(), err.Error()
	}
	if e, ok := errors.AsType[*wire.StreamError](err); ok {
		return e.Code, e.Message
	}
	if e, ok := errors.AsType[*router.UnableError](err); ok {
		return wire.CodeBackendUnavailable, e.Why
	}
	switch {
	case errors.Is(err, wire.ErrFrameTooLarge):
		return wire.CodeFrameTooLarge, fmt.Sprintf("frame too large: at most %d bytes are allowed", wire.MaxFrame)
	case errors.Is(err, queue.ErrFull):
		return wire.CodeQueueFull, wire.MsgQueueFull
	case errors.Is(err, queue.ErrClosed), errors.Is(err, ErrShutdown), errors.Is(err, context.Canceled):
		return wire.CodeBackendUnavailable, msgDraining
	case errors.Is(err, router.ErrNone):
		return wire.CodeBackendUnavailable, wire.MsgNoBackend
	case errors.Is(err, router.ErrNotReady):
		return wire.CodeBackendUnavailable, wire.MsgBackendNotReady
	}
	return wire.CodeInternal, msgInternal
}

func codeOfBackend(e *backend.Error) (wire.Code, string) {
	switch {
	case e.Kind == backend.Internal:
	case e.Code != "" && e.Quote != "":
		return e.Code, e.Message + ": " + e.Quote
	case e.Code != "":
		return e.Code, e.Message
	case e.Kind == backend.Unavailable:
		return wire.CodeBackendUnavailable, e.Message
	case e.Kind == backend.Invalid:
		return wire.CodeInvalidRequest, e.Message
	}
	return wire.CodeInternal, msgInternal
}

// reasonOf is err for the log. Errors about a frame quote what the client
// sent, and no text of a client goes into a log: of those it names the field.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*wire.MalformedError](err); ok {
		return "malformed: " + orFrame(e.Field)
	}
	if e, ok := errors.AsType[*wire.FieldError](err); ok {
		return "not allowed: " + e.Field
	}
	if e, ok := errors.AsType[*wire.StreamError](err); ok {
		return "stream broken: " + string(e.Code)
	}
	return err.Error()
}

func orFrame(field string) string {
	if field == "" {
		return "frame"
	}
	return field
}
