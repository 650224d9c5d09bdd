// Package model carries the built-in model, so that inferd answers on any
// machine, offline, with nothing configured. The scripts beside this file make
// it; README.md says how, and how good it is.
//
// The file is 4.7 MB: only the engine worker links this package.
package model

import _ "embed"

// Name is what the built-in model is called in the configuration and in
// answers.
const Name = "inferd-demo"

// SHA256 is the digest of GGUF, in lower-case hex.
const SHA256 = "33d384c5ae24032dc42b5f49bd0904b91df65749c079e4f98af80f8e7a4b9564"

// GGUF is the model file. It must not be written to.
//
//go:embed inferd-demo-q8_0.gguf
var GGUF []byte
