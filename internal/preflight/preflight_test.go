package preflight

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
)

// counted is a file that counts what is read of it.
type counted struct {
	disk.File
	reads int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	return c.File.ReadAt(p, off)
}

// scene is a folder with a model, and the memory of it.
type scene struct {
	t      *testing.T
	dir    string
	files  *disk.Real
	memory *Memory
	digest store.Digest
}

func newScene(t *testing.T, content []byte) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir()}
	s.write(content)
	sum := sha256.Sum256(content)
	var err error
	if s.digest, err = store.ParseDigest(hex.EncodeToString(sum[:])); err != nil {
		t.Fatal(err)
	}
	if s.files, err = disk.OpenReal(s.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.files.Close() })
	if s.memory, err = Open(s.known()); err != nil {
		t.Fatal(err)
	}
	memory := s.memory
	t.Cleanup(func() { _ = memory.Close() })
	return s
}

func (s *scene) known() string { return filepath.Join(s.dir, "known") }

func (s *scene) record() string { return filepath.Join(s.known(), s.digest.Hex()+".json") }

func (s *scene) write(content []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "model"), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// check checks the model, and reports whether it was read for that.
func (s *scene) check() (read bool, err error) {
	s.t.Helper()
	f, err := s.files.Open("model")
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	c := &counted{File: f}
	err = s.memory.Check(s.digest, c)
	return c.reads > 0, err
}

func good(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, gguf.TinyModel()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// remembers is false where files have no numbers to be known by.
const remembers = runtime.GOOS == "linux" || runtime.GOOS == "darwin"

func TestCheck_LooksOnce(t *testing.T) {
	s := newScene(t, good(t))
	if read, err := s.check(); err != nil || !read {
		t.Errorf("first: read %v, %v", read, err)
	}
	if read, err := s.check(); err != nil || read == remembers {
		t.Errorf("again: read %v, %v", read, err)
	}
}

func TestCheck_RemembersWhyAFileWasRefused(t *testing.T) {
	s := newScene(t, []byte("GGUF, but no more than that, and so no model"))
	_, first := s.check()
	read, again := s.check()
	var r *Refusal
	if !errors.As(first, &r) || !errors.As(again, &r) || first.Error() != again.Error() || read == remembers {
		t.Errorf("%v, then %v, read %v", first, again, read)
	}
}

// A file that is not the very one that was looked at is looked at again, also
// where its size and time say that nothing happened.
func TestCheck_AnotherFileIsLookedAt(t *testing.T) {
	content := good(t)
	bad := bytes.Clone(content)
	copy(bad, "FUGG")
	for name, change := range map[string]func(s *scene, path string) error{
		"written to": func(s *scene, path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			// Past the clock that files are stamped with, which ticks every few
			// milliseconds.
			for now := info.ModTime(); ; {
				s.write(bad)
				if st, err := os.Stat(path); err != nil || st.ModTime().After(now) {
					return errors.Join(err, os.Chtimes(path, time.Now(), info.ModTime()))
				}
			}
		},
		"replaced": func(s *scene, path string) error {
			info, err := os.Stat(path)
			other := path + "2"
			return errors.Join(err, os.WriteFile(other, bad, 0o600), os.Chtimes(other, time.Now(), info.ModTime()), os.Rename(other, path))
		},
	} {
		s := newScene(t, content)
		if _, err := s.check(); err != nil {
			t.Fatal(err)
		}
		if err := change(s, filepath.Join(s.dir, "model")); err != nil {
			t.Fatal(err)
		}
		if read, err := s.check(); !read || err == nil {
			t.Errorf("%s: read %v, %v", name, read, err)
		}
	}
}

func TestCheck_TrustsNoRecordOfOthers(t *testing.T) {
	for name, change := range map[string]func(s *scene) error{
		"others may write to it": func(s *scene) error { return os.Chmod(s.record(), 0o666) },
		"no record":              func(s *scene) error { return os.WriteFile(s.record(), []byte("{}"), 0o600) },
		"no JSON":                func(s *scene) error { return os.WriteFile(s.record(), []byte("yes"), 0o600) },
		"too long": func(s *scene) error {
			b, err := os.ReadFile(s.record())
			return errors.Join(err, os.WriteFile(s.record(), append(b, bytes.Repeat([]byte(" "), maxRecord)...), 0o600))
		},
		"of other rules": func(s *scene) error {
			b, err := os.ReadFile(s.record())
			return errors.Join(err, os.WriteFile(s.record(), bytes.Replace(b, []byte(`"rules":1`), []byte(`"rules":0`), 1), 0o600))
		},
		"of another digest": func(s *scene) error {
			b, err := os.ReadFile(s.record())
			return errors.Join(err, os.WriteFile(s.record(), bytes.Replace(b, []byte(s.digest.Hex()), []byte(strings.Repeat("0", 64)), 1), 0o600))
		},
		"a link": func(s *scene) error {
			return errors.Join(os.Rename(s.record(), s.record()+"2"), os.Symlink(s.record()+"2", s.record()))
		},
	} {
		if !remembers {
			break // there are no records
		}
		s := newScene(t, good(t))
		if _, err := s.check(); err != nil {
			t.Fatal(err)
		}
		if err := change(s); err != nil {
			t.Fatal(err)
		}
		if read, err := s.check(); !read || err != nil {
			t.Errorf("%s: read %v, %v", name, read, err)
		}
	}
}

func TestOpen_RefusesAFolderThatOthersWriteTo(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if runtime.GOOS == "windows" {
		return
	}
	if err == nil {
		_ = m.Close()
		t.Error("a folder that anybody can write to is trusted")
	}
}

func TestCheck_WithoutMemory(t *testing.T) {
	s := newScene(t, good(t))
	s.memory = nil
	for range 2 {
		if read, err := s.check(); err != nil || !read {
			t.Errorf("read %v, %v", read, err)
		}
	}
	if err := s.memory.Close(); err != nil {
		t.Error(err)
	}
}

// A disk that fails says nothing about the file.
func TestCheck_AnErrorIsNoFinding(t *testing.T) {
	s := newScene(t, good(t))
	f, err := s.files.Open("model")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r *Refusal
	if err := s.memory.Check(s.digest, &broken{f}); err == nil || errors.As(err, &r) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(s.record()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a record: %v", err)
	}
}

type broken struct{ disk.File }

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is on fire") }
