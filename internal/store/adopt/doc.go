// Package adopt finds the GGUF models that other tools keep on this machine, so
// that the store can share their bytes instead of holding them twice.
//
// How each tool lays out its folder is known by one function, which looks at
// nothing but the tree that it is given. What it reads there was written by
// others: sizes are bounded, links are followed inside the tree only, and a
// file counts as a model only if it begins as one. The bytes themselves are
// checked when the store takes them.
package adopt
