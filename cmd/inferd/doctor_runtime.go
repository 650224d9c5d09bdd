package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// checkRuntime looks at what a running daemon holds: its directory, its lock
// and its sockets.
func (p *program) checkRuntime(ctx context.Context) []check {
	const name = "runtime directory"
	dir, err := transport.DefaultDir()
	if err != nil {
		return []check{notPassed(name, err)}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	status, err := client.Status(ctx, dir)
	if err != nil {
		status = nil
	}
	checks := []check{system.checkDir(name, dir), checkLock(dir, status), checkDaemon(status, err)}
	for _, s := range transport.Surfaces() {
		checks = append(checks, checkSocket(ctx, transport.EndpointIn(dir, s)))
	}
	return checks
}

func (s places) checkDir(name, dir string) check {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if c := s.checkRoom(name, dir); c.Status != verdictOK {
			return c
		}
		return passed(name, "%s: not made yet", dir)
	case err != nil:
		return notPassed(name, err)
	case !info.IsDir():
		return notPassed(name, &failure{err: fmt.Errorf("%s is not a directory", dir), hint: "remove what is there"})
	case runtime.GOOS == "windows":
		return passed(name, "%s", dir)
	}
	if !disk.Ours(info) {
		return notPassed(name, &failure{err: fmt.Errorf("%s belongs to another user", dir), hint: hintForPlace(dir, runtimeSetting())})
	}
	mode := info.Mode().Perm()
	hint := fmt.Sprintf("`chmod 700 %s`; the directory must be yours", dir)
	switch {
	case mode&0o700 != 0o700:
		return notPassed(name, &failure{err: fmt.Errorf("%s has mode %04o: its owner can't use it", dir, mode), hint: hint})
	case mode&0o077 != 0:
		return warned(name, "the next start makes it private, or "+hint, "%s has mode %04o: others may enter", dir, mode)
	}
	if c := s.checkRoom(name, dir); c.Status != verdictOK {
		return c
	}
	return passed(name, "%s, mode %04o", dir, mode)
}

// checkLock asks the daemon who holds the lock. Without an answer it takes the
// lock for a moment, if the file is there at all: nothing else tells.
func checkLock(dir string, status *wire.ControlStatus) check {
	const name = "lock"
	path := transport.LockPath(dir)
	if status != nil {
		return passed(name, "held by pid %d", status.PID)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return passed(name, "free")
	}
	lock, err := disk.Lock(path)
	if held, ok := errors.AsType[*disk.HeldError](err); ok {
		return warned(name, fmt.Sprintf("look at pid %d; if it hangs, end it", held.PID),
			"held by pid %d, which does not answer", held.PID)
	}
	if err != nil {
		return notPassed(name, &failure{err: err, hint: "remove what is there"})
	}
	if err := lock.Close(); err != nil {
		return notPassed(name, err)
	}
	return passed(name, "free")
}

func checkDaemon(status *wire.ControlStatus, err error) check {
	const name = "daemon"
	switch {
	case errors.Is(err, client.ErrNotRunning):
		return passed(name, "not running")
	case err != nil:
		return notPassed(name, err)
	case status.State != wire.Ready{}.Status():
		return warned(name, "`inferd watch` shows how it gets on", "pid %d, %s", status.PID, stateOf(status))
	}
	return passed(name, "pid %d, ready", status.PID)
}

// checkSocket connects to a socket: one that nobody serves was left by a
// daemon that was killed.
func checkSocket(ctx context.Context, e transport.Endpoint) check {
	name := e.Surface.String() + " socket"
	conn, err := transport.Dial(ctx, e)
	switch {
	case err == nil:
		conn.Close()
		return passed(name, "%s: bound", e.Path)
	case !transport.IsNotRunning(err):
		return notPassed(name, err)
	case errors.Is(err, fs.ErrNotExist):
		return passed(name, "%s: absent", e.Path)
	}
	return warned(name, "nothing to do: the next start replaces it", "%s: left by a daemon that was killed", e.Path)
}
