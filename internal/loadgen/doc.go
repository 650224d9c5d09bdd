// Package loadgen asks a model server what apps would ask it, many at a time,
// and measures what they would see: how long until the first piece of an
// answer, how long from each piece to the next, how many tokens a second.
//
// A [Target] is the server: a daemon on its socket, or whatever speaks the
// OpenAI dialect of HTTP on this machine. [Run] is the load, and [Summarize]
// makes a [Report] of what came of it. Prompts are made-up words that follow
// from a seed, so that a run can be repeated.
//
// It measures from outside and knows nothing of how a server works.
package loadgen
