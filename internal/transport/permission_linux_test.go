package transport

import (
	"errors"
	"io/fs"
	"os"
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

func TestDial_TellsThatTheCallerMayNot(t *testing.T) {
	l := mustListen(t, endpoint(t))
	try(t, os.Chmod(l.Endpoint().Path, 0))
	unprivileged(t, func() {
		_, err := Dial(t.Context(), l.Endpoint())
		if !errors.Is(err, fs.ErrPermission) || IsNotRunning(err) {
			t.Errorf("Dial: %v, want fs.ErrPermission", err)
		}
	})
}

func TestListen_NamesTheDirectoryItMayNotWriteTo(t *testing.T) {
	e := endpoint(t)
	dir := e.Path[:len(e.Path)-len("/infer.sock")]
	try(t, os.Chmod(dir, 0o555))
	unprivileged(t, func() {
		_, err := Listen(e)
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("Listen: %v, want fs.ErrPermission", err)
		}
		wantMessage(t, err, dir)
	})
}

func TestPrepareDir_NamesTheDirectoryItMayNotCreate(t *testing.T) {
	parent := socketDir(t)
	try(t, os.Chmod(parent, 0o555))
	unprivileged(t, func() {
		dir := parent + "/run"
		err := PrepareDir(dir)
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("PrepareDir: %v, want fs.ErrPermission", err)
		}
		wantMessage(t, err, dir)
	})
}

func TestListen_DoesNotGuessWhetherASocketIsServed(t *testing.T) {
	e := endpoint(t)
	leaveStale(t, e.Path)
	try(t, os.Chmod(e.Path, 0), os.Chmod(e.Path[:len(e.Path)-len("/infer.sock")], 0o755))
	unprivileged(t, func() {
		wantMessage(t, checkStale(e.Path), "find out whether "+e.Path+" is served")
	})
}
