// Package disk is the way to everything durable or exclusive on the file
// system: FS is a folder tree behind an interface, so that tests can fail or
// crash any single operation on it; Real is that of the system, which no name
// can leave. On top of it stand the atomic replacement of a file, folders that
// survive a power cut, and locks between processes.
//
// It knows nothing of what is stored: layouts and formats are for its callers.
package disk
