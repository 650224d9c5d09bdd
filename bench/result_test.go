package main

import (
	"strings"
	"testing"
)

func TestDecide_WeighsNoise(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		samples []float64
		quiet   []bool
		target  *Target
		seen    float64
		want    Verdict
	}{
		"quiet and met":                    {[]float64{1, 2, 3}, []bool{yes, yes, yes}, atLeast(2), 2, met},
		"quiet and missed":                 {[]float64{1, 2, 3}, []bool{yes, yes, yes}, atLeast(2.1), 2, missed},
		"at most":                          {[]float64{1, 2, 3}, []bool{yes, yes, yes}, atMost(2), 2, met},
		"a loud sample does not count":     {[]float64{1, 9, 2, 3}, []bool{yes, no, yes, yes}, atMost(2), 2, met},
		"loud, but all on one side: met":   {[]float64{5, 6, 7}, []bool{no, no, yes}, atLeast(4), 6, met},
		"loud, but all on one side: not":   {[]float64{1, 2, 3}, []bool{no, no, no}, atLeast(4), 2, missed},
		"loud and on both sides":           {[]float64{3, 5, 5}, []bool{yes, no, yes}, atLeast(4), 5, tooNoisy},
		"loud and too few to see anything": {[]float64{5, 6}, []bool{no, no}, atLeast(4), 5.5, tooNoisy},
		"quiet, but too few":               {[]float64{5, 6}, []bool{yes, yes}, atLeast(4), 5.5, tooNoisy},
		"no target":                        {[]float64{1, 2, 3}, []bool{no, no, no}, nil, 2, shown},
		"no samples":                       {nil, nil, atLeast(1), unknown, notRun},
	} {
		r := Result{Target: c.target}
		r.judge(c.samples, c.quiet, 3)
		if r.Seen != c.seen || r.Verdict != c.want {
			t.Errorf("%s: saw %g, %q, want %g, %q", name, r.Seen, r.Verdict, c.seen, c.want)
		}
	}
}

// The spread is that of the samples that count.
func TestJudge_SpreadLeavesLoudSamplesOut(t *testing.T) {
	r := Result{}
	r.judge([]float64{90, 100, 110, 1000}, []bool{true, true, true, false}, 3)
	if r.Spread != 0.1 || r.Quiet != 3 || r.Seen != 100 {
		t.Errorf("result %+v", r)
	}
	r.judge([]float64{0, 0, 0}, []bool{true, true, true}, 3)
	if r.Spread != 0 {
		t.Errorf("spread %g of nothing", r.Spread)
	}
}

func TestResult_ReadsWell(t *testing.T) {
	r := Result{Case: "x", Unit: "ms", Target: atMost(20), Note: "why"}
	r.judge([]float64{1, 12.34, 30}, []bool{true, true, true}, 3)
	if got, want := r.line(), "x: 12.3 ms (target ≤ 20 ms): yes, n 3, spread ±118 %; why"; got != want {
		t.Errorf("line %q, want %q", got, want)
	}
	r.judge([]float64{1, 2}, []bool{true, false}, 3)
	if got := r.count(); got != "2 (1 quiet)" {
		t.Errorf("count %q", got)
	}
	if got := (&Result{Seen: unknown, Verdict: notRun}).line(); strings.Contains(got, "-1") {
		t.Errorf("a row that was not run reads %q", got)
	}
}

func TestFigure_HasTheDigitsThatSaySomething(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 ms", 0.0312: "0.031 ms", 0.5: "0.50 ms", 1.234: "1.23 ms", 12.34: "12.3 ms", 123.4: "123 ms", 150000: "150000 ms", 4: "4 ms", -2.5: "-2.50 ms",
	} {
		if got := figure(v, "ms"); got != want {
			t.Errorf("%g reads %q, want %q", v, got, want)
		}
	}
}
