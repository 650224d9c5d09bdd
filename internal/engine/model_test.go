package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/engine/proto"
)

// files is a model that opens the files that it has.
type files struct {
	parts, adapters []*os.File
	opened, checked int
	openErr         error
	checkErr        error
}

func (f *files) Open(context.Context) (Files, error) {
	f.opened++
	return Files{Parts: f.parts, Adapters: f.adapters}, f.openErr
}

func (f *files) Check(context.Context) error {
	f.checked++
	return f.checkErr
}

// open opens a file with this content.
func open(t *testing.T, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	// Whatever has the name now, the worker gets what was opened.
	if err := os.WriteFile(path+".new", []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil && runtime.GOOS != "windows" { // which does not replace open files
		t.Fatal(err)
	}
	return f
}

// runModel runs an engine with the model until it is up, or has failed.
func runModel(t *testing.T, script string, m Model, load proto.Load) (proto.Ready, error) {
	t.Helper()
	t.Setenv(workerEnv, script)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	up, ended := make(chan proto.Ready, 1), make(chan error, 1)
	e := New(Config{
		WorkerPath: self, Load: load, Model: m, Log: slog.New(slog.DiscardHandler),
		Events: Events{Loading: func(proto.Loading) {}, Up: func(r proto.Ready) { up <- r }, Down: func(error) {}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- e.Run(ctx) }()
	select {
	case r := <-up:
		cancel()
		return r, <-ended
	case err := <-ended:
		cancel()
		return proto.Ready{}, err
	}
}

func TestModel_TheWorkerReadsWhatWasOpened(t *testing.T) {
	m := &files{parts: []*os.File{open(t, "one "), open(t, "two ")}, adapters: []*os.File{open(t, "adapter")}}
	ready, err := runModel(t, "read files", m, proto.Load{Adapters: []proto.Adapter{{Scale: 0.5}}})
	if err != nil || ready.Model != "one two adapter 0.5" {
		t.Errorf("the worker read %q, %v", ready.Model, err)
	}
	if m.opened != 1 || m.checked != 1 {
		t.Errorf("opened %d times and checked %d times, want once each", m.opened, m.checked)
	}
}

func TestModel_ThatCannotBeHadIsNotLoaded(t *testing.T) {
	for name, m := range map[string]*files{
		"not opened": {openErr: errors.New("wrong digest")},
		"changed":    {checkErr: errors.New("wrong digest")},
	} {
		_, err := runModel(t, "normal", m, proto.Load{})
		why, ok := errors.AsType[*StartError](err)
		if !ok || why.Kind != proto.FailModel || !strings.Contains(why.Message, "wrong digest") || !errors.Is(err, why.Err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// readFiles is all that the files of a load message hold.
func readFiles(m proto.Load) string {
	var all strings.Builder
	for _, p := range m.Parts {
		all.WriteString(readFile(p))
	}
	for _, a := range m.Adapters {
		all.WriteString(readFile(a.File))
		if a.Scale == 0.5 {
			all.WriteString(" 0.5")
		}
	}
	return all.String()
}

func readFile(p proto.File) string {
	f, err := OpenFile(p)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
