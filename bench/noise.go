package main

import (
	"fmt"
	"runtime"
	"time"
)

// noise is what else the machine did during a measurement, in processors:
// 1 is one processor, all the time.
type noise struct {
	other float64 // other processes than the measured ones, and the kernel
	known bool    // whether this system says so
}

// quietLimit is what may be going on beside a measurement. A machine with
// nothing to do has about 0.02 of it.
const quietLimit = 0.06

func (n noise) quiet() bool { return !n.known || n.other <= quietLimit }

func (n noise) String() string { return fmt.Sprintf("others used %.2f processors", n.other) }

// usage is processor time since some beginning, in seconds.
type usage struct {
	busy float64 // of all processors, what a hypervisor took away included
	own  float64 // of this process and all that it started
}

// watchNoise looks at the machine until done is called.
func watchNoise() (done func() noise) {
	began := time.Now()
	before, known := cpuUsage()
	return func() noise {
		after, still := cpuUsage()
		return noiseOf(before, after, time.Since(began), known && still)
	}
}

// noiseOf is the noise between two looks.
func noiseOf(before, after usage, took time.Duration, known bool) noise {
	if !known || took <= 0 {
		return noise{}
	}
	// Whole ticks are counted, by and by: a short look can be off by some.
	const slack = 0.02
	other := (after.busy - before.busy) - (after.own - before.own) - slack
	return noise{other: min(max(0, other)/took.Seconds(), float64(runtime.NumCPU())), known: true}
}
