package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/inferd/inferd/internal/loadgen"
)

// Result is one line of the table.
type Result struct {
	Row  string `json:"row"`
	Case string `json:"case,omitempty"` // tells the lines of a row apart
	What string `json:"what"`
	Unit string `json:"unit"`
	// Target is nil for a figure that is only shown.
	Target  *Target   `json:"target,omitempty"`
	Seen    float64   `json:"seen"`
	Samples []float64 `json:"samples"`
	// Quiet is how many samples were taken on a quiet machine.
	Quiet int `json:"quiet"`
	// Spread is how far the middle half of the samples that count reaches to
	// each side, as a share of what was seen.
	Spread  float64 `json:"spread"`
	Verdict Verdict `json:"verdict"`
	Note    string  `json:"note,omitempty"`
	// Run is the run that the line is of, counted from 0.
	Run int `json:"run"`
}

// unknown is what was seen where nothing was.
const unknown = -1

// Target is what a figure has to reach.
type Target struct {
	AtLeast bool    `json:"at_least"` // else at most
	Value   float64 `json:"value"`
}

func atLeast(v float64) *Target { return &Target{true, v} }

func atMost(v float64) *Target { return &Target{false, v} }

func (t *Target) meets(v float64) bool {
	if t.AtLeast {
		return v >= t.Value
	}
	return v <= t.Value
}

func (t *Target) text(unit string) string {
	switch {
	case t == nil:
		return "–"
	case t.AtLeast:
		return "≥ " + figure(t.Value, unit)
	}
	return "≤ " + figure(t.Value, unit)
}

// Verdict says whether a target was met.
type Verdict string

// The verdicts.
const (
	met      Verdict = "yes"
	missed   Verdict = "no"
	tooNoisy Verdict = "too noisy"
	notRun   Verdict = "not run"
	shown    Verdict = "–" // there is no target
)

// judge fills in what samples come to.
func (r *Result) judge(samples []float64, quiet []bool, need int) {
	r.Samples, r.Quiet = samples, 0
	for _, q := range quiet {
		if q {
			r.Quiet++
		}
	}
	var counting []float64
	counting, r.Verdict = decide(samples, quiet, need, r.Target)
	r.Seen, r.Spread = unknown, 0
	if len(counting) == 0 {
		return
	}
	r.Seen = loadgen.Median(counting)
	if wide := loadgen.Quantile(counting, 0.75) - loadgen.Quantile(counting, 0.25); r.Seen != 0 {
		r.Spread = math.Abs(wide / r.Seen / 2)
	}
}

// leastSamples are those from which something can be seen on a machine that is
// not quiet.
const leastSamples = 3

// decide judges samples of which some were taken on a quiet machine, and
// returns those that count. With enough quiet ones it is their median that is
// held against the target. With fewer, only what holds for every one of some
// samples, the disturbed ones included, is certain enough; otherwise the
// machine was too noisy to tell.
func decide(samples []float64, quiet []bool, need int, t *Target) (counting []float64, v Verdict) {
	hits := 0
	for i, s := range samples {
		if quiet[i] {
			counting = append(counting, s)
		}
		if t != nil && t.meets(s) {
			hits++
		}
	}
	enough, some := len(counting) >= need, len(samples) >= leastSamples
	if !enough {
		counting = samples
	}
	switch {
	case len(samples) == 0:
		return nil, notRun
	case t == nil:
		return counting, shown
	case enough && t.meets(loadgen.Median(counting)), some && hits == len(samples):
		return counting, met
	case enough, some && hits == 0:
		return counting, missed
	}
	return counting, tooNoisy
}

func (r *Result) spread() string {
	if len(r.Samples) < 3 {
		return "–"
	}
	return fmt.Sprintf("±%.0f %%", 100*r.Spread)
}

// count is how many samples there are, and of them quiet ones.
func (r *Result) count() string {
	if len(r.Samples) == 0 {
		return "–"
	}
	if len(r.Samples) == r.Quiet {
		return strconv.Itoa(r.Quiet)
	}
	return fmt.Sprintf("%d (%d quiet)", len(r.Samples), r.Quiet)
}

func (r *Result) seen() string {
	if r.Verdict == notRun {
		return "–"
	}
	return figure(r.Seen, r.Unit)
}

// line is the result for the progress on a terminal.
func (r *Result) line() string {
	s := fmt.Sprintf("%s (target %s): %s, n %s, spread %s", r.seen(), r.Target.text(r.Unit), r.Verdict, r.count(), r.spread())
	if r.Case != "" {
		s = r.Case + ": " + s
	}
	if r.Note != "" {
		s += "; " + r.Note
	}
	return s
}

// figure writes a number with as many digits as say something.
func figure(v float64, unit string) string {
	digits := 0
	switch a := math.Abs(v); {
	case a == 0 || a >= 100 || a == math.Trunc(a):
	case a >= 10:
		digits = 1
	case a >= 0.1:
		digits = 2
	default:
		digits = 3
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if unit != "" {
		s += " " + unit
	}
	return s
}
