package disktest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/inferd/inferd/internal/disk"
)

func (s *suite) removes() {
	s.put("a", "one")
	f := s.open("a")
	s.must(s.fs.Remove("a"))
	_, err := s.fs.Stat("a")
	s.want(err, fs.ErrNotExist)
	got, err := io.ReadAll(f)
	s.must(err)
	if string(got) != "one" {
		s.Errorf("the removed file reads %q", got)
	}
}

func (s *suite) keepsFullFolders() {
	s.must(s.fs.Mkdir("d"))
	s.put("d/a", "one")
	if err := s.fs.Remove("d"); err == nil {
		s.Error("a folder that is not empty was removed")
	}
	s.must(s.fs.Remove("d/a"))
	s.must(s.fs.Remove("d"))
}

func (s *suite) truncates() {
	s.put("a", "one two")
	f, err := s.fs.OpenWrite("a")
	s.must(err)
	defer f.Close()
	s.must(f.Truncate(3))
	s.wantContent("a", "one")
	s.must(f.Truncate(5))
	s.wantContent("a", "one\x00\x00")
}

func (s *suite) usesOffsets() {
	f, err := s.fs.Create("a")
	s.must(err)
	defer f.Close()
	_, err = f.WriteAt([]byte("two"), 4)
	s.must(err)
	_, err = f.WriteAt([]byte("one "), 0)
	s.must(err)
	s.wantContent("a", "one two")
	buf := make([]byte, 8)
	n, err := f.ReadAt(buf, 4)
	s.want(err, io.EOF)
	if string(buf[:n]) != "two" {
		s.Errorf("read %q", buf[:n])
	}
}

func (s *suite) links() {
	s.put("a", "one")
	s.must(s.fs.Link(s.fs, "a", "b"))
	a, err := s.fs.Stat("a")
	s.must(err)
	b, err := s.fs.Stat("b")
	s.must(err)
	if !s.fs.SameFile(a, b) {
		s.Error("a link is another file")
	}
	s.put("c", "two")
	c, err := s.fs.Stat("c")
	s.must(err)
	if s.fs.SameFile(a, c) {
		s.Error("two files are the same")
	}
	s.want(s.fs.Link(s.fs, "a", "c"), fs.ErrExist)
	s.must(s.fs.Remove("a"))
	s.wantContent("b", "one")
	s.want(s.fs.Link(s.fs, "a", "d"), fs.ErrNotExist)
}

func (s *suite) clones() {
	s.put("a", "one")
	f := s.open("a")
	err := s.fs.Clone(f, "b")
	if errors.Is(err, errors.ErrUnsupported) {
		s.equal(s.names("."), []string{"a"})
		return
	}
	s.must(err)
	s.put("a", "two")
	s.wantContent("b", "one")
	s.want(s.fs.Clone(f, "b"), fs.ErrExist)
}

func (s *suite) hasRoom() {
	free, err := s.fs.Free()
	s.must(err)
	if free <= 0 {
		s.Errorf("%d bytes are free", free)
	}
}

// lock opens a file, tries to lock it, and returns it.
func (s *suite) lock(name string, kind disk.LockKind, want bool) disk.File {
	s.Helper()
	f := s.open(name)
	got, err := f.TryLock(kind)
	s.must(err)
	if got != want {
		s.Errorf("lock %d of %s: %v, want %v", kind, name, got, want)
	}
	return f
}

func (s *suite) locks() {
	s.put("a", "one")
	s.put("b", "two")
	first, second := s.lock("a", disk.Shared, true), s.lock("a", disk.Shared, true)
	s.lock("a", disk.Exclusive, false)
	s.lock("b", disk.Exclusive, true)
	s.must(first.Close())
	s.lock("a", disk.Exclusive, false)
	s.must(second.Close())
	third := s.lock("a", disk.Exclusive, true)
	s.lock("a", disk.Shared, false)
	s.lock("a", disk.Exclusive, false)
	s.wantContent("a", "one")
	s.must(third.Close())
	s.lock("a", disk.Shared, true)
}

func (s *suite) locksFollow() {
	s.put("a", "one")
	s.lock("a", disk.Shared, true)
	s.must(s.fs.Rename("a", "b"))
	s.lock("b", disk.Exclusive, false)
	s.put("a", "two")
	s.lock("a", disk.Exclusive, true)
}

func (s *suite) lockFiles() {
	release, err := disk.TryLockFile(s.fs, "l")
	s.must(err)
	_, err = disk.TryLockFile(s.fs, "l")
	held, ok := errors.AsType[*disk.HeldError](err)
	if !ok {
		s.Fatalf("a held lock: %v", err)
	}
	if held.PID != os.Getpid() || !strings.HasSuffix(held.Path, "l") {
		s.Errorf("held: %+v", held)
	}
	release()
	release, err = disk.TryLockFile(s.fs, "l")
	s.must(err)
	release()
	s.equal(s.names("."), []string{"l"})
}

func (s *suite) deletedLockFile() {
	release, err := disk.TryLockFile(s.fs, "l")
	s.must(err)
	defer release()
	s.must(s.fs.Remove("l"))
	again, err := disk.TryLockFile(s.fs, "l")
	s.must(err)
	defer again()
	_, err = disk.TryLockFile(s.fs, "l")
	if _, ok := errors.AsType[*disk.HeldError](err); !ok {
		s.Errorf("a held lock: %v", err)
	}
}

func (s *suite) writesAtomically() {
	s.put("a", "one")
	old := s.open("a")
	s.put("a", "two")
	s.wantContent("a", "two")
	got, err := io.ReadAll(old)
	s.must(err)
	if string(got) != "one" {
		s.Errorf("a reader of the old content has %q", got)
	}
	s.equal(s.names("."), []string{"a"})
}

func (s *suite) leavesNothing() {
	s.put("a", "one")
	mine := errors.New("mine")
	err := disk.AtomicWrite(s.fs, "a", func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		for _, name := range s.names(".") {
			if name != "a" && !disk.IsTemp(name) {
				s.Errorf("%s is not known as unfinished", name)
			}
		}
		return mine
	})
	s.want(err, mine)
	s.want(disk.AtomicWrite(s.fs, "missing/a", func(io.Writer) error { return nil }), fs.ErrNotExist)
	s.equal(s.names("."), []string{"a"})
	s.wantContent("a", "one")
}

func (s *suite) makesFolders() {
	s.must(disk.MkdirAll(s.fs, "a/b/c"))
	s.must(disk.MkdirAll(s.fs, "a/b/c"))
	s.must(disk.MkdirAll(s.fs, "a/b/d"))
	s.equal(s.names("a/b"), []string{"c", "d"})
	s.put("f", "one")
	if err := disk.MkdirAll(s.fs, "f/b"); err == nil {
		s.Error("a folder was made in a file")
	}
}
