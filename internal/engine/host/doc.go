// Package host is the inside of the worker process: it loads the library and
// the model that the daemon names, turns conversations into tokens, runs the
// batch loop over the native engine, and reports. Everything that came from
// outside, the model file above all, is handled here and nowhere in the
// daemon.
package host
