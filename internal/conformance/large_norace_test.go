//go:build !race

package conformance

// largeOn are the surfaces that get large frames.
const largeOn = every
