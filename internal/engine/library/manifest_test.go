package library

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestOpen_SaysThatNothingIsInstalled(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "v0.0.1-old"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Open(root)
	missing, ok := errors.AsType[*MissingError](err)
	if !ok {
		t.Fatalf("error is %v, want a *MissingError", err)
	}
	if missing.Root != root || !strings.Contains(missing.Hint(), "inferd engine install") {
		t.Errorf("error is %+v with hint %q", missing, missing.Hint())
	}
	if !strings.Contains(err.Error(), "v0.0.1-old") {
		t.Errorf("message %q does not name the engine that is there", err)
	}
	if _, err := Open(filepath.Join(root, "absent")); !errors.As(err, &missing) {
		t.Errorf("absent root: error is %v", err)
	}
	if _, err := Open(""); !errors.Is(err, errNoRoot) {
		t.Errorf("empty root: error is %v", err)
	}
}

// damage is what may happen to an installed engine.
type damage struct {
	name string
	file string // what the error names
	what string // what it says
	do   func(dir string) error
}

func write(file, text string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644) }
}

func edit(from, to string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, manifestName)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.Replace(string(data), from, to, 1)), 0o644)
	}
}

func damages() []damage {
	const lib = "libggml-base.so"
	all := []damage{
		{"changed byte", lib, "sha256 is", write(lib, "c0de of libggml-base.so")},
		{"cut short", lib, "size is 4, want 23", write(lib, "code")},
		{"grown", lib, "size is 27, want 23", write(lib, "code of libggml-base.so....")},
		{"removed file", lib, "missing", func(dir string) error { return os.Remove(filepath.Join(dir, lib)) }},
		{"planted backend", "libggml-evil.so", "was not installed", write("libggml-evil.so", "")},
		{"planted directory", "x", "was not installed", func(dir string) error { return os.Mkdir(filepath.Join(dir, "x"), 0o755) }},
		{"no manifest", manifestName, "missing", func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) }},
		{"empty manifest", manifestName, "not a list", write(manifestName, "")},
		{"huge manifest", manifestName, "larger than", write(manifestName, strings.Repeat(" ", maxManifest+1))},
		{"later schema", manifestName, "schema_version is 2, want 1", edit(`"schema_version": 1`, `"schema_version": 2`)},
		{"unknown field", manifestName, "unknown field", edit(`"package"`, `"x": 1, "package"`)},
		{"no files", manifestName, "lists no files", write(manifestName, `{"schema_version":1}`)},
		{"path in the list", manifestName, "no plain file name", edit(`"LICENSE"`, `"../LICENSE"`)},
		{"itself in the list", manifestName, "no plain file name", edit(`"LICENSE"`, `"engine.json"`)},
		{"other package", manifestName, `version is "9.9.9", want "1.2.3"`, edit(`"1.2.3"`, `"9.9.9"`)},
		{"other llama.cpp", manifestName, `llama_version is "v2", want "v1.0.0"`, edit(`"v1.0.0"`, `"v2"`)},
	}
	if runtime.GOOS != "windows" { // making a link there takes a privilege
		all = append(all, damage{"link in place of a file", lib, "not a regular file", func(dir string) error {
			path := filepath.Join(dir, lib)
			return errors.Join(os.Rename(path, dir+".moved"), os.Symlink(dir+".moved", path))
		}})
	}
	return all
}

func TestVerify_NamesTheDamage(t *testing.T) {
	for _, d := range damages() {
		t.Run(d.name, func(t *testing.T) {
			f := newFixture(t, goodPackage())
			in := f.install(t)
			if err := d.do(in.Dir); err != nil {
				t.Fatal(err)
			}
			in, err := open(f.Root, *f.pin)
			if err == nil {
				err = in.Verify()
			}
			corrupt, ok := errors.AsType[*CorruptError](err)
			if !ok {
				t.Fatalf("error is %v, want a *CorruptError", err)
			}
			if corrupt.Dir != f.dir() || corrupt.File != d.file || !strings.Contains(corrupt.What, d.what) {
				t.Errorf("error is %+v, want %s: …%s…", corrupt, d.file, d.what)
			}
			f.install(t)
			if in, err := open(f.Root, *f.pin); err != nil || in.Verify() != nil {
				t.Errorf("not repaired by an install: %v", err)
			}
		})
	}
}

func TestVerify_GivesBothDigests(t *testing.T) {
	f := newFixture(t, goodPackage())
	in := f.install(t)
	want := in.Files[1]
	if err := write(want.Name, strings.Repeat("x", int(want.Size)))(in.Dir); err != nil {
		t.Fatal(err)
	}
	got, err := measureFile(filepath.Join(in.Dir, want.Name))
	if err != nil {
		t.Fatal(err)
	}
	err = in.Verify()
	if err == nil || !strings.Contains(err.Error(), want.SHA256) || !strings.Contains(err.Error(), got.SHA256) {
		t.Errorf("error is %v", err)
	}
}

func measureFile(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	return measure(filepath.Base(path), io.Discard, f)
}
