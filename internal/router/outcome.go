package router

import (
	"errors"
	"fmt"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// Outcome says how a dispatch to a backend ended.
type Outcome uint8

// The outcomes. Only BackendFault speaks against the backend, and only OK for it.
const (
	// OK: the backend answered to the end.
	OK Outcome = iota + 1
	// CallerFault: the backend can't serve this request as it stands.
	CallerFault
	// BackendFault: the backend could not serve, or broke off.
	BackendFault
	// Cancelled: the caller, a deadline or a shutdown ended it, or the caller
	// no longer took the answer.
	Cancelled
	// OwnFault: a bug on this side of the backend.
	OwnFault
)

// String returns the outcome's name for logs.
func (o Outcome) String() string {
	switch o {
	case OK:
		return "ok"
	case CallerFault:
		return "caller_fault"
	case BackendFault:
		return "backend_fault"
	case Cancelled:
		return "cancelled"
	case OwnFault:
		return "own_fault"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// OutcomeOf says how a call of Backend.Generate ended that returned err and a
// Result with stop. An error that is no *backend.Error can only have come from
// emit, so the caller's side had ended. An answer that stopped for no known
// reason is a broken stream, not a success.
func OutcomeOf(err error, stop wire.StopReason) Outcome {
	if err != nil {
		return outcomeOfError(err)
	}
	switch stop {
	case wire.StopEnd, wire.StopLength:
		return OK
	case wire.StopCancelled:
		return Cancelled
	}
	return BackendFault
}

func outcomeOfError(err error) Outcome {
	failure, ok := errors.AsType[*backend.Error](err)
	if !ok {
		return Cancelled
	}
	switch failure.Kind {
	case backend.Unavailable:
		return BackendFault
	case backend.Invalid:
		return CallerFault
	}
	return OwnFault
}
