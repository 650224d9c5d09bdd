//go:build !race

package batch

// checked turns the costly checks on.
const checked = false
