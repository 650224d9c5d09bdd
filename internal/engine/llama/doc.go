// Package llama binds llama.cpp's C API, loaded at run time from prebuilt
// shared libraries, and nothing else: no policy, no scheduling, no process
// handling. It is the only package that links purego.
//
// The C side takes the process down on misuse (a freed context, a row without
// logits, an over-long batch). The Go types here keep what can be kept, such
// as sizes and lifetimes, and say in their comments what the caller must.
// Nothing is safe for concurrent use unless its comment says so.
package llama
