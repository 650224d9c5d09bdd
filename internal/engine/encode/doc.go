// Package encode turns texts into vectors and scores: it packs the texts of all
// requests into batches, puts together what a model made of long ones, and ends
// requests that nobody waits for any more.
//
// It is plain Go over a small Model interface. What comes out for a text does
// not depend on what it shared a batch with, beyond the last digits that the
// order of additions makes.
package encode
