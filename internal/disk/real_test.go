package disk_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
)

func TestReal_IsAnFS(t *testing.T) {
	disktest.Run(t, func(t *testing.T) disk.FS { return openReal(t, t.TempDir()) })
}

func openReal(t *testing.T, dir string) *disk.Real {
	t.Helper()
	r, err := disk.OpenReal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestReal_FollowsNoLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for name, target := range map[string]string{
		"file":    filepath.Join(outside, "secret"),
		"dir":     outside,
		"inside":  "real",
		"inner":   "sub",
		"dangles": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for path, content := range map[string]string{
		filepath.Join(outside, "secret"):  "secret",
		filepath.Join(dir, "real"):        "real",
		filepath.Join(dir, "sub", "file"): "below",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := openReal(t, dir)
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: a link was followed", what)
		}
	}
	for _, name := range []string{"file", "inside", "dangles", "dir/secret", "inner/file"} {
		_, err := r.Open(name)
		refused("open "+name, err)
		_, err = r.OpenWrite(name)
		refused("write "+name, err)
		_, err = r.Create(name)
		refused("create "+name, err)
	}
	for _, name := range []string{"dir", "inner"} {
		_, err := r.ReadDir(name)
		refused("list "+name, err)
		refused("sync "+name, r.SyncDir(name))
		refused("mkdir "+name, r.Mkdir(name+"/x"))
		refused("rename "+name, r.Rename("real", name+"/x"))
		refused("link "+name, r.Link(r, "real", name+"/x"))
	}
	if _, err := r.Open("inside"); !errors.Is(err, disk.ErrSymlink) {
		t.Errorf("a link inside: %v, want ErrSymlink", err)
	}
	if _, err := r.Stat("inner/file"); !errors.Is(err, disk.ErrSymlink) {
		t.Errorf("a link on the way: %v, want ErrSymlink", err)
	}
	info, err := r.Stat("file")
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("Stat of a link: %v, %v, want the link itself", info, err)
	}
}

func TestReal_ErrorsNameTheWholePath(t *testing.T) {
	dir := t.TempDir()
	r := openReal(t, dir)
	_, openErr := r.Open("a/b")
	for _, err := range []error{openErr, r.Rename("a", "b"), r.Remove("a"), r.SyncDir("a"), r.Link(r, "a", "b")} {
		if err == nil || !strings.Contains(err.Error(), dir+string(filepath.Separator)) {
			t.Errorf("error %v, want one that names a path in %s", err, dir)
		}
	}
	if got, want := r.Path("a/b"), filepath.Join(dir, "a", "b"); got != want {
		t.Errorf("Path: %s, want %s", got, want)
	}
}

func TestReal_RefusesAfterClose(t *testing.T) {
	r := openReal(t, t.TempDir())
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Create("a"); err == nil {
		t.Error("a file was made in a tree that was closed")
	}
}

func TestMakeReal_MakesTheFolder(t *testing.T) {
	top := t.TempDir()
	for range 2 {
		r, err := disk.MakeReal(filepath.Join(top, "a", "b", "c"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.Create(disk.TempName())
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		r.Close()
	}
	files, err := filepath.Glob(filepath.Join(top, "a", "b", "c", "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("files %q, %v, want two", files, err)
	}
}

func TestMakeReal_RefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if r, err := disk.MakeReal(dir); err == nil {
			r.Close()
			t.Errorf("%s was opened as a folder", dir)
		}
	}
}

func TestOSFile_IsTheSystemsFile(t *testing.T) {
	r := openReal(t, t.TempDir())
	f, err := r.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	real, ok := disk.OSFile(f)
	if !ok {
		t.Fatal("a file of a Real is none of the system's")
	}
	got := make([]byte, 3)
	if _, err := real.ReadAt(got, 0); err != nil || string(got) != "one" {
		t.Errorf("read %q, %v", got, err)
	}
	memory, err := disktest.NewMemory(disktest.MemoryOptions{}).Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := disk.OSFile(memory); ok {
		t.Error("a file in memory is the system's")
	}
}

// Large files take another way to the disk than small ones.
func TestReal_WritesLargeFilesWhole(t *testing.T) {
	r := openReal(t, t.TempDir())
	f, err := r.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	piece := make([]byte, 1<<20)
	want := sha256.New()
	for i := range 40 {
		for j := range piece {
			piece[j] = byte(i + j*j)
		}
		want.Write(piece)
		if _, err := f.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	got := sha256.New()
	if _, err := io.Copy(got, io.NewSectionReader(f, 0, 1<<40)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("other bytes came back")
	}
}
