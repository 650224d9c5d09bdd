// Package disk holds everything durable or exclusive on the file system. Today
// that is the single-instance lock, which keeps two daemons from sharing one
// runtime directory.
package disk
