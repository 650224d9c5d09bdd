// Package proto is the conversation between the daemon and an engine worker
// over their one inherited socket: frames, messages and limits, shared by both
// sides. The worker is not trusted: what it sends is bounded and checked.
//
// The order is fixed. The worker says Hello; the daemon sends Load; the worker
// answers with Loading frames and then one Ready, or one Failed and exits.
// After Ready the daemon sends Generate, Cancel, Pause and Resume as it likes,
// and the worker sends Step frames, each with all that one turn of its batch
// loop produced, and one End for every Generate. Embed and Rerank are requests like it, answered
// with a Vector frame for each of their texts, in any order, and then the End.
//
// Both programs come from one build, so there is one version, and no
// compatibility between versions.
package proto
