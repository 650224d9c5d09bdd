//go:build unix

package disk

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLock_RefusesWhatIsNotARegularFile(t *testing.T) {
	dir, err := os.MkdirTemp("", "inf") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, says string
		make       func(path string) error
	}{
		{"symlink", "symbolic link", func(p string) error { return os.Symlink(target, p) }},
		{"dangling symlink", "symbolic link", func(p string) error { return os.Symlink(filepath.Join(dir, "absent"), p) }},
		{"directory", "directory", func(p string) error { return os.Mkdir(p, 0o700) }},
		{"fifo", "fifo", func(p string) error { return unix.Mkfifo(p, 0o600) }},
		{"socket", "socket", listenAndAbandon},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(tc.name, " ", "-"))
			if err := tc.make(path); err != nil {
				t.Fatal(err)
			}
			i, err := Lock(path)
			if err == nil {
				i.Close()
			}
			wantMessage(t, err, path, tc.says, "must be a regular file")
		})
	}
	if got := readFile(t, target); got != "precious" {
		t.Errorf("the target of the link now holds %q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the target of the dangling link was created: %v", err)
	}
}

func listenAndAbandon(path string) error {
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	ln.SetUnlinkOnClose(false)
	return ln.Close()
}

func TestCheckLockFile_RefusesAnotherUsersFile(t *testing.T) {
	path := lockPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkLockFile(info, os.Geteuid()); err != nil {
		t.Errorf("our own file: %v", err)
	}
	wantMessage(t, checkLockFile(info, os.Geteuid()+1), "belongs to uid")
}

func TestLock_FileIsNotInheritedByChildren(t *testing.T) {
	path := lockPath(t)
	i := mustLock(t, path)
	bystander := startChild(t, lockPath(t)) // alive while the lock is released
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	mustLock(t, path)
	if bystander.said != "locked" {
		t.Errorf("bystander said %q", bystander.said)
	}
}
