//go:build !race

package wire

const defaultMutations = 100_000
