//go:build unix

package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// maxSocketPath is how long a socket's path may be: one byte of sun_path is
// the terminating zero.
const maxSocketPath = len(unix.RawSockaddrUnix{}.Path) - 1

// listen binds and listens under a temporary name, sets the mode, and renames
// the socket to its path. Bound at the path itself, the socket would be there
// for a moment with the mode of the umask, and before it accepts. The rename
// can hit nobody else's file: the directory is private, and its lock is ours.
//
// The kernel keeps telling the temporary name (to ss, for one): it knows a
// socket by the name it was bound to.
func listen(e Endpoint) (net.Listener, func() error, error) {
	if err := checkPath(e.Path); err != nil {
		return nil, nil, err
	}
	if err := checkSocketDir(filepath.Dir(e.Path)); err != nil {
		return nil, nil, err
	}
	temp := tempName(e.Path)
	for _, path := range []string{e.Path, temp} {
		if err := removeStale(path, os.Geteuid()); err != nil {
			return nil, nil, err
		}
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: temp, Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	ln.SetUnlinkOnClose(false) // it would remove whatever has the name then
	own, err := publish(temp, e.Path, surfaces[e.Surface].mode)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("put socket %s in place: %w", e.Path, err), ln.Close())
	}
	return ln, func() error { return removeOwn(e.Path, own) }, nil
}

// tempName is as long as path, so that it fits where path fits. Leaves differ
// in more than their last byte.
func tempName(path string) string { return path[:len(path)-1] + "~" }

// checkPath refuses a path that can't be a socket's. It also keeps out the
// names with @, which are no files and have no permissions.
func checkPath(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("the socket path %q must be absolute", path)
	}
	if len(path) > maxSocketPath {
		shorten := "XDG_RUNTIME_DIR"
		if runtime.GOOS == "darwin" {
			shorten = "TMPDIR"
		}
		return fmt.Errorf("the socket path %s is %d bytes long, this system allows at most %d: set %s to a directory with a shorter name",
			path, len(path), maxSocketPath, shorten)
	}
	return nil
}

// checkSocketDir makes sure that nobody else can touch what is in dir.
func checkSocketDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if err := checkDir(info, os.Geteuid()); err != nil {
		return fmt.Errorf("use directory %s: %w", dir, err)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Errorf("use directory %s: others may write to it (mode %#o), it must be 0700", dir, perm)
	}
	return nil
}

// removeStale makes way for a socket at path. It removes nothing but a socket
// of ours that nobody serves.
func removeStale(path string, uid int) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is a %s and not a socket that a daemon left behind: move it away", path, kindOf(info.Mode()))
	}
	if owner := ownerOf(info); owner != uid {
		return fmt.Errorf("%s is a socket of uid %d, not of the user of the daemon (uid %d)", path, owner, uid)
	}
	if err := checkStale(path); err != nil {
		return err
	}
	return os.Remove(path)
}

func clearEndpoint(e Endpoint) error { return removeStale(e.Path, os.Geteuid()) }

// checkStale makes sure that nobody listens at path. The lock says so already,
// unless somebody deleted its file while a daemon held it.
func checkStale(path string) error {
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "unix", path) // answers at once
	if err == nil {
		c.Close()
	}
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil, errors.Is(err, unix.EAGAIN): // its queue is full
		return fmt.Errorf("%s is served by another process: stop that first", path)
	}
	return fmt.Errorf("find out whether %s is served: %w", path, err)
}

// publish gives the bound socket its mode and its final name, and returns what
// identifies it.
func publish(temp, path string, mode fs.FileMode) (fs.FileInfo, error) {
	own, err := moveSocket(temp, path, mode)
	if err != nil {
		return nil, errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !os.SameFile(info, own) || info.Mode() != fs.ModeSocket|mode {
		return nil, fmt.Errorf("it is now a %s with mode %#o, somebody else works in this directory",
			kindOf(info.Mode()), info.Mode().Perm())
	}
	return own, nil
}

func moveSocket(temp, path string, mode fs.FileMode) (fs.FileInfo, error) {
	if err := os.Chmod(temp, mode); err != nil {
		return nil, err
	}
	own, err := os.Lstat(temp)
	if err != nil {
		return nil, err
	}
	return own, os.Rename(temp, path)
}

// removeOwn removes the socket at path if it is still the one we put there.
func removeOwn(path string, own fs.FileInfo) error {
	info, err := os.Lstat(path)
	if err != nil {
		return ignoreMissing(err)
	}
	if !os.SameFile(info, own) {
		return nil
	}
	return ignoreMissing(os.Remove(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
