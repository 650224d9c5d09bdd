// Package gguf reads and writes GGUF, the file format of llama.cpp's models.
//
// The reader stands between a downloaded file and native code. It takes
// nothing on trust: every count, length, offset and product is checked against
// the file and against limits, and memory is spent only on bytes that are
// there. [Open] refuses what is not a GGUF file, [File.Check] what the engine
// would crash on, and [File.Estimate] says what a model needs before it is
// loaded.
//
// The writer makes models of random weights for tests and benchmarks, the same
// to the byte on every machine.
package gguf
