package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/config"
)

// placesWith are places with that much room, which err keeps from being written.
func placesWith(room int64, err error) places {
	return places{
		writable: func(string) error { return err },
		room:     func(string) (int64, error) { return room, nil },
	}
}

func wantCheck(t *testing.T, c check, status verdict, words ...string) {
	t.Helper()
	text := c.Detail + "\n" + c.Hint
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in %q", w, text)
		}
	}
	if c.Status != status || (c.Hint == "") != (status == verdictOK) {
		t.Errorf("%s: %s, hint %q; want %s", c.Name, c.Status, c.Hint, status)
	}
}

// namedModel is a config with a model of the store, which is 3 GiB and could be
// fetched.
func namedModel() config.Config {
	return config.Config{
		AutoPull: true,
		Backends: []config.Backend{{Kind: config.KindLlamaCPP, Name: "m", LlamaCPP: config.LlamaCPP{Model: "chat"}}},
		Models:   []config.Model{{Name: "chat", SizeBytes: 3 << 30, SourceURL: "https://example.com/chat.gguf"}},
	}
}

func TestDoctor_FullDisk(t *testing.T) {
	dir := t.TempDir()
	full := placesWith(4096, nil)
	wantCheck(t, full.checkStore(namedModel(), dir), verdictFail, "is full: 4.0 KiB free, 3.0 GiB needed", "inferd models gc", "set models_home")
	wantCheck(t, placesWith(2<<30, nil).checkStore(namedModel(), dir), verdictFail, "3.0 GiB needed")
	wantCheck(t, placesWith(4<<30, nil).checkStore(namedModel(), dir), verdictOK, "4.0 GiB free")
	pulled := namedModel()
	pulled.AutoPull = false
	wantCheck(t, placesWith(2<<30, nil).checkStore(pulled, dir), verdictOK)
	wantCheck(t, full.checkStore(config.Config{}, dir), verdictWarn, "is full")
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	wantCheck(t, full.checkDir("runtime directory", dir), verdictFail, "is full", "make room on its disk")
	wantCheck(t, full.checkDir("runtime directory", filepath.Join(dir, "new")), verdictFail, "is full")
}

func TestDoctor_NoPermission(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	denied := placesWith(1<<40, &fs.PathError{Op: "write to", Path: dir, Err: os.ErrPermission})
	wantCheck(t, denied.checkStore(namedModel(), dir), verdictFail, "permission denied", "chmod u+rwx", "MODELS_HOME")
	wantCheck(t, denied.checkStore(config.Config{}, dir), verdictWarn, "permission denied")
	for _, d := range []string{dir, filepath.Join(dir, "new")} {
		wantCheck(t, denied.checkDir("runtime directory", d), verdictFail, "permission denied", "`ls -ld "+dir+"`")
	}
	broken := places{writable: func(string) error { return nil }, room: func(string) (int64, error) { return 0, errors.New("no such device") }}
	wantCheck(t, broken.checkStore(namedModel(), dir), verdictFail, "no such device")
}

// Root can give a directory away, and to others root's belongs to another user.
func TestDoctor_RuntimeDirectoryOfAnotherUser(t *testing.T) {
	dir := "/"
	switch {
	case runtime.GOOS == "windows":
		return // a directory has no mode and no owner that counts there
	case os.Geteuid() == 0:
		dir = t.TempDir()
		if err := os.Chown(dir, 12345, -1); err != nil {
			t.Fatal(err)
		}
	}
	wantCheck(t, system.checkDir("runtime directory", dir), verdictFail, "belongs to another user", "set "+runtimeSetting())
}
