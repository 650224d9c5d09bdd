// Package disktest has what tests of durable state need: Memory, a volume that
// can lose power; Faulty, which fails or crashes any single operation of a
// disk.FS; and Run, the suite that every disk.FS passes.
package disktest
