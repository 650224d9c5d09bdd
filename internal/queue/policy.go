package queue

import "iter"

// ticket names one request at the gate. A ticket is never used twice.
type ticket uint64

// verdict is a policy's answer to a newcomer.
type verdict uint8

const (
	// full: no room to run and none to wait.
	full verdict = iota
	// admitted: it runs now.
	admitted
	// queued: it waits.
	queued
)

// policy decides who runs and who waits. It is a pure state machine: it has no
// goroutine, clock, channel or lock of its own, and the gate calls it under
// its mutex. Whatever the order it keeps, no ticket waits while it could run:
// the calls that make room return the tickets that it admitted.
type policy interface {
	// offer brings in a newcomer. It may change the order of the others, but
	// admits none of them.
	offer(id ticket, c Caller) verdict
	// cancel takes out a waiting ticket. That never makes room to run.
	cancel(id ticket)
	// release takes out a running ticket and returns those admitted in its place.
	release(id ticket) []ticket
	// setActive changes how many may run and returns those admitted by it.
	// Running tickets above a lowered limit run on.
	setActive(n int) []ticket
	// setWaiting changes how many may wait. Those that wait above a lowered
	// limit wait on.
	setWaiting(n int)
	// order lists the waiting tickets, next first, as they would be admitted
	// if nobody else came.
	order() iter.Seq[ticket]
}
