//go:build unix

package disk_test

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/inferd/inferd/internal/disk"
)

// Opening a fifo waits for its other end, unless one is careful.
func TestReal_RefusesAFifoAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := openReal(t, dir)
	for _, open := range []func(string) (disk.File, error){r.Open, r.OpenWrite} {
		if _, err := open("fifo"); !errors.Is(err, disk.ErrNotRegular) {
			t.Errorf("open: %v, want ErrNotRegular", err)
		}
	}
}

func TestReal_LinksBetweenTrees(t *testing.T) {
	top := t.TempDir()
	a, b := makeReal(t, filepath.Join(top, "a")), makeReal(t, filepath.Join(top, "b"))
	f, err := a.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := b.Link(a, "file", "other"); err != nil {
		t.Fatal(err)
	}
	one, err := a.Stat("file")
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Stat("other")
	if err != nil || !b.SameFile(one, other) {
		t.Errorf("the link is another file: %v, %v", other, err)
	}
}

func makeReal(t *testing.T, dir string) *disk.Real {
	t.Helper()
	r, err := disk.MakeReal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
