//go:build race

package conformance

// largeOn are the surfaces that get large frames: the race detector makes
// reading them ten times as dear.
const largeOn = rerank
