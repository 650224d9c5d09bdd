package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// interrupting sends a signal as soon as there is something to be read.
type interrupting struct {
	bytes.Buffer
	signals chan<- os.Signal
}

func (w *interrupting) Write(p []byte) (int, error) {
	if w.Len() == 0 {
		w.signals <- os.Interrupt
	}
	return w.Buffer.Write(p)
}

// A person who waits is told for whom, and can leave.
func TestModelsRemove_SaysWhomItWaitsForAndEndsAtASignal(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"manifests", "locks"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "manifests", "tiny.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := disk.OpenReal(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	release, err := disk.TryLockFile(tree, "locks/tiny.lock")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	signals := make(chan os.Signal, 1)
	stderr := &interrupting{signals: signals}
	p := &program{
		stdout: output{Writer: &bytes.Buffer{}}, stderr: output{Writer: stderr}, signals: signals,
		getenv: func(name string) string { return map[string]string{"MODELS_HOME": root}[name] },
	}
	if code := p.execute([]string{"models", "rm", "tiny"}); code != exitSignal+2 {
		t.Errorf("exit code %d", code)
	}
	if want := "waiting for process " + strconv.Itoa(os.Getpid()) + ", which writes tiny\n"; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("it says %q, want %q", stderr.String(), want)
	}
}

// What is wrong with the store is no matter of a mistyped name.
func TestNoSuchModel_IsAboutNames(t *testing.T) {
	for _, c := range []struct {
		err  error
		hint string
	}{
		{store.ErrNoModel, "lists the names"},
		{fs.ErrNotExist, "lists the names"},
		{fs.ErrPermission, "checks the permissions"},
		{errors.New("other"), "`inferd doctor`"},
	} {
		if got := diagnose(noSuchModel(fmt.Errorf("remove model x: %w", c.err))).hint; !strings.Contains(got, c.hint) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

// typing is a person who presses Ctrl-C instead of typing a text.
type typing struct {
	*io.PipeReader
	signals chan<- os.Signal
}

func (r typing) Read(p []byte) (int, error) {
	r.signals <- os.Interrupt
	return r.PipeReader.Read(p)
}

func TestInput_IsNotWaitedForAfterASignal(t *testing.T) {
	for _, args := range [][]string{{"run", "-"}, {"embed", "-"}, {"rerank", "--query", "q", "-"}} {
		in, end := io.Pipe()
		signals := make(chan os.Signal, 1)
		p := &program{
			stdin: input{typing{in, signals}, false}, stdout: output{Writer: io.Discard}, stderr: output{Writer: io.Discard}, signals: signals,
			getenv: func(string) string { return "" },
		}
		if code := p.execute(args); code != exitSignal+2 {
			t.Errorf("%s: exit code %d", args, code)
		}
		if err := end.Close(); err != nil {
			t.Error(err)
		}
	}
}
