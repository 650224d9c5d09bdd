package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBusyTicks_LeavesIdleAndWaitingOut(t *testing.T) {
	got, ok := busyTicks("cpu  1 20 300 4000 50000 600000 7000000 80000000 9 9\ncpu0 1 1 1 1 1 1 1 1\n")
	if !ok || got != 87600321 {
		t.Errorf("%f ticks, %v", got, ok)
	}
	for _, stat := range []string{"", "cpu 1 2 3\n", "cpu 1 2 3 4 5 6 7 x 9 9\n", "mem 1 2 3 4 5 6 7 8 9 10\n"} {
		if got, ok := busyTicks(stat); ok {
			t.Errorf("%q gave %f", stat, got)
		}
	}
}

// A process may have any name.
func TestParseStat_SkipsTheName(t *testing.T) {
	const rest = " S 7 1 1 0 -1 0 0 0 0 0 10 20 300 400 20 0 1 0\n"
	for _, name := range []string{"x", "a b", ") 9 (", ")"} {
		got, err := parseStat("42 (" + name + ")" + rest)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if d := cmp.Diff(processStat{parent: 7, ticks: 30, ended: 700}, got, cmp.AllowUnexported(processStat{})); d != "" {
			t.Errorf("%q: %s", name, d)
		}
	}
	for _, stat := range []string{"", "1 (x", "1 (x) S 1", "1 (x) S 7 1 1 0 -1 0 0 0 0 0 x 20 300 400 20 0"} {
		if _, err := parseStat(stat); err == nil {
			t.Errorf("%q was taken", stat)
		}
	}
}

func TestProc_KnowsThisProcess(t *testing.T) {
	if u, ok := cpuUsage(); !ok || u.busy <= 0 || u.own < 0 {
		t.Errorf("usage %+v, %v", u, ok)
	}
	pid := os.Getpid()
	if mib, err := residentMiB(pid); err != nil || mib < 1 {
		t.Errorf("%f MiB, %v", mib, err)
	}
	if n, err := openFiles(pid); err != nil || n < 3 {
		t.Errorf("%d open files, %v", n, err)
	}
	if a, err := activityOf(pid); err != nil || a.seconds <= 0 || a.turns < 1 {
		t.Errorf("activity %+v, %v", a, err)
	}
	if _, err := activityOf(-1); err == nil {
		t.Error("a process that can't be has an activity")
	}
	if processor, kernel, memory := machineFacts(); kernel == "Linux " || memory < 1 {
		t.Errorf("machine %q, %q, %d", processor, kernel, memory)
	}
}
