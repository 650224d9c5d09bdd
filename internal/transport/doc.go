// Package transport is the way in: where the sockets (on Windows, named pipes)
// are, how the daemon listens on them and a client connects, who is calling,
// and when a caller is gone. It moves bytes and knows no messages.
//
// Daemon and client compute every path here, from one function, so that they
// can't disagree.
//
// What the daemon relies on: the caller of Listen holds the single-instance
// lock of the directory, and the directory is private to the daemon's user
// (Listen checks that, PrepareDir arranges it). A Peer comes from the kernel,
// not from the caller's words.
package transport
