// Package wire is the protocol between inferd and its clients: the bytes, the
// messages and the rules that both sides share. It depends on nothing but the
// standard library, so that a client pulls in nothing else, and it does no
// I/O of its own beyond reading frames from an io.Reader.
//
// Every message is a type with an Append method that writes its frame, newline
// included, and a Decode function that reads it. Decoding tells two kinds of
// bad requests apart: a MalformedError, after which the connection closes, and
// a FieldError, which is answered with the request's id and leaves the
// connection open.
package wire
