package library

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// startingPoints are the states of a root that an install may find.
var startingPoints = []struct {
	name    string
	prepare func(t *testing.T, f fixture)
}{
	{"empty root", func(*testing.T, fixture) {}},
	{"engine of another package", func(t *testing.T, f fixture) {
		other := newFixture(t, append(goodPackage(), entry{name: "package/other"}))
		other.Root, other.pin.Version = f.Root, "1.2.2"
		other.install(t)
	}},
}

// interrupt calls try with every step of an install over every starting
// point, each time with a fresh fixture and what is in its root.
func interrupt(t *testing.T, try func(t *testing.T, f fixture, before map[string]string, step string)) {
	t.Helper()
	for _, c := range startingPoints {
		f := newFixture(t, goodPackage())
		c.prepare(t, f)
		for _, step := range stepsOf(t, f) {
			t.Run(c.name+"/"+step, func(t *testing.T) {
				f := newFixture(t, goodPackage())
				c.prepare(t, f)
				try(t, f, installedFiles(t, f.Root), step)
			})
		}
	}
}

// stepsOf lists the steps of an install, in order, without repetition.
func stepsOf(t *testing.T, f fixture) []string {
	t.Helper()
	var steps []string
	f.step = func(s string) error {
		if !slices.Contains(steps, s) {
			steps = append(steps, s)
		}
		return nil
	}
	f.install(t)
	return steps
}

// comesAfter reports whether a step comes after another.
func comesAfter(t *testing.T, step, other string) bool {
	t.Helper()
	steps := stepsOf(t, newFixture(t, goodPackage()))
	return slices.Index(steps, step) > slices.Index(steps, other)
}

// installedFiles returns the files of the installed engines with what is in
// them, without those of working directories.
func installedFiles(t *testing.T, root string) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range found {
		if strings.Contains(path, tempPrefix) {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(path, root)] = string(data)
	}
	return files
}

func checkNoTemp(t *testing.T, f fixture) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(f.Root, tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func failAt(step string, err error) func(string) error {
	return func(s string) error {
		if s == step {
			return err
		}
		return nil
	}
}

func TestInstall_FailedAtAnyStepLeavesWhatWas(t *testing.T) {
	interrupt(t, func(t *testing.T, f fixture, before map[string]string, step string) {
		boom := errors.New("boom")
		f.step = failAt(step, boom)
		if _, err := Install(t.Context(), f.Options); !errors.Is(err, boom) {
			t.Errorf("error is %v", err)
		}
		checkNoTemp(t, f)
		if diff := cmp.Diff(before, installedFiles(t, f.Root)); diff != "" && !comesAfter(t, step, "rename") {
			t.Errorf("the engine changed:\n%s", diff)
		}
		f.step = nil
		f.install(t)
		checkTidy(t, f)
	})
}

func TestInstall_CancelledAtAnyStepEnds(t *testing.T) {
	stop := errors.New("stopped by the user")
	// From "aside" on an install goes through to its end: that takes no time.
	steps := stepsOf(t, newFixture(t, goodPackage()))
	for _, step := range steps[:slices.Index(steps, "aside")] {
		f := newFixture(t, goodPackage())
		ctx, cancel := context.WithCancelCause(t.Context())
		f.step = func(s string) error {
			if s == step {
				cancel(stop)
			}
			return nil
		}
		if _, err := Install(ctx, f.Options); !errors.Is(err, stop) {
			t.Errorf("cancelled at %s: error is %v", step, err)
		}
		checkNoTemp(t, f)
	}
}

// killOrder tells a child process what to install, and at which step to die.
type killOrder struct {
	Root, From string
	Pin        Pin
	Step       string
}

// installUntilKilled is the child process. It returns only if it was not
// killed.
func installUntilKilled(order string) int {
	var o killOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return exitCode(err)
	}
	_, err := Install(context.Background(), Options{Root: o.Root, From: o.From, pin: &o.Pin, step: func(s string) error {
		if s == o.Step {
			os.Exit(killedCode) // deferred functions do not run: all is left as it is
		}
		return nil
	}})
	return exitCode(err)
}

// A killed install does none of its own cleaning up: that needs a process.
func TestInstall_KilledAtAnyStepIsRepairedByTheNext(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	interrupt(t, func(t *testing.T, f fixture, before map[string]string, step string) {
		order, err := json.Marshal(killOrder{Root: f.Root, From: f.From, Pin: *f.pin, Step: step})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), killVar+"="+string(order))
		out, err := cmd.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != killedCode {
			t.Fatalf("the child process was not killed: %v\n%s", err, out)
		}
		checkWholeOrGone(t, f, before)
		f.install(t)
		checkTidy(t, f)
	})
}

// checkWholeOrGone fails unless the engine's directory is the new one, or what
// it was before, or not there.
func checkWholeOrGone(t *testing.T, f fixture, before map[string]string) {
	t.Helper()
	if in, err := open(f.Root, *f.pin); err == nil && in.Verify() == nil {
		return
	}
	if _, err := os.Stat(f.dir()); errors.Is(err, os.ErrNotExist) {
		return
	}
	if diff := cmp.Diff(before, installedFiles(t, f.Root)); diff != "" {
		t.Errorf("the engine is half made:\n%s", diff)
	}
}
