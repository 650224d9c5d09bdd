//go:build race

package wire

const defaultMutations = 20_000
