// Package conformance checks a server of the inferd protocol from its sockets
// alone: it is given a directory and knows nothing else of what is behind. Each
// rule of the protocol's sections 1 to 6 is one row of one table, which is run
// over every surface that the rule is about, of either framing.
//
// It has a codec of its own and shares none with the daemon, so that a mistake
// in that shows. What a model says is never expected; where a rule needs an
// answer of a certain kind, it is not applicable to one of another.
package conformance
