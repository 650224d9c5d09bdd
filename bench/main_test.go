package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// TestMain lets the test binary take a worker's place, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerCommand {
		if err := runWorker(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// testLab is a lab on a machine as noisy as told.
func testLab(t *testing.T, levels ...float64) *lab {
	t.Helper()
	return &lab{samples: 3, threads: 1, out: t.Output(), watch: func() func() noise {
		n := noise{known: true}
		if len(levels) > 0 {
			n.other, levels = levels[0], levels[1:]
		}
		return func() noise { return n }
	}}
}

func TestChoose_TakesRowsInTheirOrder(t *testing.T) {
	for list, want := range map[string][]string{
		"S1": {"S1"}, "s5,s1": {"S1", "S5"}, "S14,S9": {"S9", "S14"}, "": rowIDs(rows),
	} {
		got, err := choose(list)
		if err != nil || !slices.Equal(rowIDs(got), want) {
			t.Errorf("%q: rows %v, want %v; %v", list, rowIDs(got), want, err)
		}
	}
	for _, list := range []string{"S99", "S1,", "all"} {
		if _, err := choose(list); err == nil {
			t.Errorf("%q was taken", list)
		}
	}
}

func TestRows_AreThereOnce(t *testing.T) {
	ids := rowIDs(rows)
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			t.Errorf("row %s is there twice", id)
		}
		if rows[i].what == "" || rows[i].run == nil {
			t.Errorf("row %s is empty", id)
		}
	}
}

func TestRun_RefusesBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-rows", "X"}, {"extra"}, {"-threads", "0"}, {"-inferd", "/nonexistent/inferd"}, {"-quick=perhaps"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

// What an interrupted run did not get to is still known from the one before.
func TestRunRows_BrokenOffLeavesTheRestAlone(t *testing.T) {
	seen := func(id string, cancel func()) row {
		return row{id, "x", func(context.Context, *lab) ([]Result, error) {
			cancel()
			return []Result{{Seen: 2, Samples: []float64{2}, Quiet: 1, Verdict: met}}, nil
		}}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	chosen := []row{seen("S1", func() {}), seen("S2", func() { cancel(errors.New("enough")) }), seen("S3", func() {})}
	b := &book{dir: t.TempDir(), Runs: []Run{testRun("a"), testRun("b")}}
	for _, r := range chosen {
		b.Results = append(b.Results, Result{Row: r.id, Seen: 1, Samples: []float64{1}, Quiet: 1, Verdict: met})
	}
	failed := testLab(t).runRows(ctx, chosen, b)
	if d := cmp.Diff([]string{"S2", "S3"}, failed); d != "" {
		t.Errorf("not measured: %s", d)
	}
	kept, err := openBook(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, r := range kept.Results {
		got[r.Row] = r.Seen
	}
	if d := cmp.Diff(map[string]float64{"S1": 2, "S2": 1, "S3": 1}, got); d != "" {
		t.Error(d)
	}
}
