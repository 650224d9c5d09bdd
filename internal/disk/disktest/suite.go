package disktest

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/inferd/inferd/internal/disk"
)

// Run checks that what newFS returns, an empty tree each time, is a disk.FS.
func Run(t *testing.T, newFS func(t *testing.T) disk.FS) {
	for name, test := range map[string]func(*suite){
		"Create_MakesAFileOnce":            (*suite).createsOnce,
		"Open_IsForReading":                (*suite).opensForReading,
		"OpenWrite_KeepsTheContent":        (*suite).opensForWriting,
		"Names_StayInTheTree":              (*suite).refusesNames,
		"Missing_IsErrNotExist":            (*suite).missesFiles,
		"Folder_IsNoFile":                  (*suite).refusesFolders,
		"ReadDir_IsSorted":                 (*suite).listsSorted,
		"Rename_Replaces":                  (*suite).renames,
		"Remove_LeavesTheOpenFile":         (*suite).removes,
		"Remove_KeepsAFullFolder":          (*suite).keepsFullFolders,
		"Truncate_CutsAndFills":            (*suite).truncates,
		"File_ReadsAndWritesAtOffsets":     (*suite).usesOffsets,
		"Link_IsTheSameFile":               (*suite).links,
		"Clone_IsAFileOfItsOwn":            (*suite).clones,
		"Free_CountsBytes":                 (*suite).hasRoom,
		"TryLock_SharesOrExcludes":         (*suite).locks,
		"TryLock_FollowsARenamedFile":      (*suite).locksFollow,
		"TryLockFile_TellsTheHolder":       (*suite).lockFiles,
		"TryLockFile_OutlivesADeletedFile": (*suite).deletedLockFile,
		"AtomicWrite_Replaces":             (*suite).writesAtomically,
		"AtomicWrite_LeavesNothing":        (*suite).leavesNothing,
		"MkdirAll_MakesWhatIsMissing":      (*suite).makesFolders,
	} {
		t.Run(name, func(t *testing.T) { test(&suite{t, newFS(t)}) })
	}
}

type suite struct {
	*testing.T
	fs disk.FS
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) want(err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Errorf("error %v, want %v", err, target)
	}
}

// put makes a file with this content, or replaces its content.
func (s *suite) put(name, content string) {
	s.Helper()
	s.must(disk.AtomicWrite(s.fs, name, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}))
}

// open opens a file until the test ends.
func (s *suite) open(name string) disk.File {
	s.Helper()
	f, err := s.fs.Open(name)
	s.must(err)
	s.Cleanup(func() { f.Close() })
	return f
}

func (s *suite) wantContent(name, want string) {
	s.Helper()
	got, err := io.ReadAll(s.open(name))
	s.must(err)
	if string(got) != want {
		s.Errorf("%s holds %q, want %q", name, got, want)
	}
}

// names lists a folder.
func (s *suite) names(dir string) []string {
	s.Helper()
	entries, err := s.fs.ReadDir(dir)
	s.must(err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (s *suite) createsOnce() {
	f, err := s.fs.Create("a")
	s.must(err)
	_, err = io.WriteString(f, "one")
	s.must(err)
	s.must(f.Sync())
	s.must(f.Close())
	_, err = s.fs.Create("a")
	s.want(err, fs.ErrExist)
	s.wantContent("a", "one")
}

func (s *suite) opensForReading() {
	s.put("a", "one")
	f := s.open("a")
	if _, err := f.Write([]byte("x")); err == nil {
		s.Error("a file that was opened for reading was written to")
	}
	info, err := f.Stat()
	s.must(err)
	if info.Name() != "a" || info.Size() != 3 || !info.Mode().IsRegular() {
		s.Errorf("the file is %q, %d bytes, %v", info.Name(), info.Size(), info.Mode())
	}
	s.must(f.Sync())
	s.must(f.Close())
	_, err = f.Read(make([]byte, 1))
	s.want(err, fs.ErrClosed)
}

func (s *suite) opensForWriting() {
	s.put("a", "one")
	f, err := s.fs.OpenWrite("a")
	s.must(err)
	_, err = f.Write([]byte("O"))
	s.must(err)
	s.must(f.Close())
	s.wantContent("a", "One")
}

func (s *suite) refusesNames() {
	for _, name := range []string{"", "/a", "../a", "a/../../b", "a//b", "a/", "./a", "a/.."} {
		_, err := s.fs.Create(name)
		s.want(err, fs.ErrInvalid)
		_, err = s.fs.Stat(name)
		s.want(err, fs.ErrInvalid)
		s.want(s.fs.Mkdir(name), fs.ErrInvalid)
	}
	s.put("a", "one")
	s.want(s.fs.Rename("a", "../a"), fs.ErrInvalid)
	s.wantContent("a", "one")
}

func (s *suite) missesFiles() {
	_, err := s.fs.Open("a")
	s.want(err, fs.ErrNotExist)
	_, err = s.fs.OpenWrite("a")
	s.want(err, fs.ErrNotExist)
	_, err = s.fs.Create("a/b")
	s.want(err, fs.ErrNotExist)
	_, err = s.fs.Stat("a")
	s.want(err, fs.ErrNotExist)
	_, err = s.fs.ReadDir("a")
	s.want(err, fs.ErrNotExist)
	s.want(s.fs.Rename("a", "b"), fs.ErrNotExist)
	s.want(s.fs.Remove("a"), fs.ErrNotExist)
	s.want(s.fs.SyncDir("a"), fs.ErrNotExist)
}

func (s *suite) refusesFolders() {
	s.must(s.fs.Mkdir("a"))
	s.want(s.fs.Mkdir("a"), fs.ErrExist)
	if _, err := s.fs.Open("a"); err == nil {
		s.Error("a folder was opened as a file")
	}
	info, err := s.fs.Stat("a")
	s.must(err)
	if !info.IsDir() {
		s.Errorf("a folder is %v", info.Mode())
	}
	s.put("b", "one")
	if err := s.fs.Rename("b", "a"); err == nil {
		s.Error("a file replaced a folder")
	}
}

func (s *suite) listsSorted() {
	for _, name := range []string{"c", "a", "b"} {
		s.put(name, name)
	}
	s.must(s.fs.Mkdir("B"))
	s.equal(s.names("."), []string{"B", "a", "b", "c"})
	s.equal(s.names("B"), []string{})
}

func (s *suite) equal(got, want []string) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%q, want %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			s.Fatalf("%q, want %q", got, want)
		}
	}
}

func (s *suite) renames() {
	s.put("a", "one")
	s.must(s.fs.Mkdir("d"))
	s.put("d/b", "two")
	old := s.open("d/b")
	s.must(s.fs.Rename("a", "d/b"))
	s.wantContent("d/b", "one")
	_, err := s.fs.Stat("a")
	s.want(err, fs.ErrNotExist)
	got, err := io.ReadAll(old)
	s.must(err)
	if string(got) != "two" {
		s.Errorf("the replaced file reads %q", got)
	}
	s.must(s.fs.SyncDir("d"))
}
