// Package memplan says how much memory a model takes when it is run in a given
// way, line by line, and which context fits into what there is. It is
// arithmetic on a model's header: nothing is loaded, and nothing measured.
package memplan
