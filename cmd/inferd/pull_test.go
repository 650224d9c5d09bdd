package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/store/fetch"
)

func TestPullLine_ShowsRateAndTimeLeft(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := &pullLine{progress: progress{out: output{&out, true, 120}}, now: func() time.Time { return now }}
	for i := range 5 {
		l.advance(fetch.Progress{Done: int64(i) << 20, Total: 100 << 20})
		l.advance(fetch.Progress{Done: int64(i)<<20 + 1, Total: 100 << 20}) // too soon to be seen
		now = now.Add(time.Second)
	}
	lines := strings.Split(out.String(), "\r")
	if last := lines[len(lines)-1]; len(lines) != 6 || !strings.Contains(last, "4.0 MiB of 100.0 MiB, 1.0 MiB/s, 1m36s left") {
		t.Errorf("%d lines, the last one %q", len(lines), last)
	}
}

func TestPullLine_WritesLinesNowAndThenWhereThereIsNoTerminal(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := &pullLine{progress: progress{out: output{Writer: &out}}, now: func() time.Time { return now }}
	for i := range 61 {
		p := fetch.Progress{Done: int64(i) << 20, Total: 60 << 20}
		l.advance(p)
		l.report(p)
		now = now.Add(time.Second)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 7 || strings.Contains(out.String(), "\x1b") || !strings.Contains(lines[6], "60.0 MiB of 60.0 MiB") {
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
}

// A file that the server began again must not count as going backwards.
func TestPullLine_KnowsNoNegativeRate(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := &pullLine{progress: progress{out: output{&out, true, 120}}, now: func() time.Time { return now }}
	for _, done := range []int64{0, 5 << 20, 0} {
		l.advance(fetch.Progress{Done: done})
		now = now.Add(time.Second)
	}
	lines := strings.Split(out.String(), "\r")
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "pull 0 B") {
		t.Errorf("the last line is %q", last)
	}
}
