//go:build race

package wire

const defaultMutations = 5_000
