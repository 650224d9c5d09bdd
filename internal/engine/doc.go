// Package engine runs the worker process for the daemon: it starts it, feeds
// it, hears what it answers, notices its end and starts it again. The model
// and all native code live in the worker; whatever happens to that process,
// this package turns it into an error for the requests that ran there.
package engine
