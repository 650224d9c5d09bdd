// Package queue is the gate in front of the backends: it bounds how many
// requests run and how many wait, and decides whose turn is next. The order is
// the business of a pure policy; Gate is the blocking wrapper around it. The
// package knows nothing of backends, frames or connections.
package queue

import "errors"

// Caller says who asks, as the kernel attests it.
type Caller struct {
	UID uint32
	// App is the caller's executable.
	App string
	PID int
}

// Limits bounds a gate. A negative number counts as 0.
type Limits struct {
	// Active is how many requests run at once; at 0 everyone waits.
	Active int
	// Waiting is how many more may wait for a turn; at 0 nobody waits.
	Waiting int
}

func (l Limits) normal() Limits {
	return Limits{Active: max(l.Active, 0), Waiting: max(l.Waiting, 0)}
}

// Stats is the state of a gate at one moment. Each finished Admit is in
// exactly one of Admitted, Refused and Left.
type Stats struct {
	// Active and Waiting are how many requests run and wait now. Active is
	// above Limits.Active for a while after SetActive has lowered it.
	Active, Waiting int
	Limits          Limits
	// Admitted counts the requests that were given a permit.
	Admitted uint64
	// Refused counts those turned away at once: ErrFull, or ErrClosed.
	Refused uint64
	// Left counts those that ended without a permit by themselves: their
	// context ended, or the gate was closed while they waited.
	Left uint64
}

// Errors of Gate.Admit, beside the causes of its context.
var (
	// ErrFull refuses a request for which there is neither a turn nor a
	// place to wait.
	ErrFull = errors.New("queue full")
	// ErrClosed refuses, or ends the wait of, a request at a closed gate.
	ErrClosed = errors.New("queue closed")
)
