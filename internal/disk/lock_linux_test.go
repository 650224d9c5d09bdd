package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// unprivileged runs f with the file access of an ordinary user, so that mode
// bits count also where the tests run as root. File-system ids belong to a
// thread; the capabilities that let root pass go with them.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatalf("setfsuid: %v", err)
	}
	defer unix.Setfsuid(0)
	f()
}

// lockDir returns a directory in which the user of unprivileged owns an
// inferd.lock, as do the tests where they don't run as root.
func lockDir(t *testing.T) (dir, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "inferd.lock")
}

func TestLock_NamesThePathInAReadOnlyDirectory(t *testing.T) {
	dir, path := lockDir(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, func() {
		_, err := Lock(path)
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("Lock: %v, want fs.ErrPermission", err)
		}
		wantMessage(t, err, path)
	})
}

func TestLock_NamesThePathOfAnUnreadableFile(t *testing.T) {
	_, path := lockDir(t)
	if err := os.WriteFile(path, nil, 0); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, func() {
		_, err := Lock(path)
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("Lock: %v, want fs.ErrPermission", err)
		}
		wantMessage(t, err, path)
	})
}
