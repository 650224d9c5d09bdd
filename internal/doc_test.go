// Package internal_test holds the rules about the tree as a whole: who imports
// whom, what may be called where, what every package says of itself, and what
// no file may hold. CONTRIBUTING.md has the reasons.
package internal_test
