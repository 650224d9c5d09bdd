// Package batch is the worker's scheduler: it runs many requests through one
// model at once. Each turn builds one batch out of what every running request
// needs next, one token for a request that is writing and a piece of the
// prompt for one that is still reading, computes it, and samples.
//
// The package is plain Go over a small Model interface, so that its rules can
// be tested against a model that is a function; the native one is in host.
//
// One goroutine, the one in Run, owns the model and all state of the slots.
// The others only leave notes in the inbox.
package batch
