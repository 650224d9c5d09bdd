// Package chatfile keeps a conversation in a file, so that it can be gone on
// with. The file grows by a line for each turn, written at once and synced: a
// process that is killed loses the turn it was at, and nothing before. Only the
// user may read it.
//
// A line is a request of the protocol's typed surface; its id says what the
// line is for. Of turns that were taken back the file keeps the text.
package chatfile
