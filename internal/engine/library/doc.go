// Package library keeps the prebuilt llama.cpp libraries on disk: which release
// is pinned for each platform, how it gets here, and whether what is here is
// whole. It opens none of them: that is the engine worker's job.
//
// An installed engine is one directory, ROOT/<llama version>-<os>-<arch>, that
// holds the libraries, their licence and engine.json, the list of its files
// with their sizes and digests. The directory comes into place in one rename,
// so it is either whole or not there, wherever an install was interrupted.
package library
