//go:build unix

package transport

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPrepareDir_CreatesWhatIsMissing(t *testing.T) {
	top := t.TempDir()
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(top, "home", ".inferd", "run")
	for range 2 {
		if err := PrepareDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for d := dir; d != top; d = filepath.Dir(d) {
		if got, want := lstat(t, d).Mode(), fs.ModeDir|0o700; got != want {
			t.Errorf("%s has mode %v, want %v", d, got, want)
		}
	}
	if got := lstat(t, top).Mode().Perm(); got != 0o755 {
		t.Errorf("a parent that existed now has mode %#o", got)
	}
}

func TestPrepareDir_TakesGroupAndOthersTheirAccess(t *testing.T) {
	for before, want := range map[fs.FileMode]fs.FileMode{
		0o777: 0o700,
		0o770: 0o700,
		0o755: 0o700,
		0o701: 0o700,
		0o700: 0o700,
		0o555: 0o500,
	} {
		t.Run(before.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, before); err != nil {
				t.Fatal(err)
			}
			if err := PrepareDir(dir); err != nil {
				t.Fatal(err)
			}
			if got := lstat(t, dir).Mode().Perm(); got != want {
				t.Errorf("mode %#o, want %#o", got, want)
			}
		})
	}
}

func TestPrepareDir_RefusesWhatIsNoDirectory(t *testing.T) {
	for _, tc := range []struct {
		name, says string
		make       func(t *testing.T, path string)
	}{
		{"symlink to a directory", "symbolic link", func(t *testing.T, path string) {
			try(t, os.Mkdir(path+"-target", 0o755), os.Symlink(path+"-target", path))
		}},
		{"dangling symlink", "symbolic link", func(t *testing.T, path string) {
			try(t, os.Symlink(path+"-target", path))
		}},
		{"file", "regular file", func(t *testing.T, path string) {
			try(t, os.WriteFile(path, nil, 0o600))
		}},
		{"fifo", "fifo", func(t *testing.T, path string) {
			try(t, unix.Mkfifo(path, 0o600))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			tc.make(t, dir)
			before := lstat(t, dir)
			wantMessage(t, PrepareDir(dir), dir, tc.says, "must be a directory")
			if after := lstat(t, dir); after.Mode() != before.Mode() || !os.SameFile(before, after) {
				t.Errorf("what was there is now %v", after.Mode())
			}
			if info, err := os.Stat(dir + "-target"); err == nil && info.Mode().Perm() != 0o755 {
				t.Errorf("the target of the link now has mode %v", info.Mode())
			}
		})
	}
}

func TestPrepareDir_RefusesAnElementThatIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	try(t, os.WriteFile(file, nil, 0o600))
	wantMessage(t, PrepareDir(filepath.Join(file, "run")), file, "not a directory")
}

func TestCheckDir_RefusesAnotherUsersDirectory(t *testing.T) {
	info := lstat(t, t.TempDir())
	if err := checkDir(info, os.Geteuid()); err != nil {
		t.Errorf("our own directory: %v", err)
	}
	wantMessage(t, checkDir(info, os.Geteuid()+1), "belongs to uid", "must belong to the user of the daemon")
}

func TestMakePrivate_LeavesAnExchangedDirectoryAlone(t *testing.T) {
	checked, other := t.TempDir(), t.TempDir()
	try(t, os.Chmod(other, 0o755))
	wantMessage(t, makePrivate(other, lstat(t, checked)), "exchanged")
	if got := lstat(t, other).Mode().Perm(); got != 0o755 {
		t.Errorf("mode %#o, want it unchanged", got)
	}
}
