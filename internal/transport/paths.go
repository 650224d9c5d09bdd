package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
)

// Surface is one of the protocol's surfaces; each has its own socket.
type Surface uint8

// The surfaces.
const (
	V1 Surface = iota
	V2
	Framed
	Embed
	Rerank
	Admin
	Control
)

// surface is what the protocol's first table says of one surface.
type surface struct {
	name string
	leaf string // of the Unix socket
	pipe string // leaf of the Windows pipe
	// mode is the permission of the Unix socket: inference is for the group
	// as well, what shows or steers the daemon is for its user only.
	mode fs.FileMode
}

var surfaces = [...]surface{
	V1:      {name: "v1", leaf: "infer.sock", pipe: "inferd-infer", mode: 0o660},
	V2:      {name: "v2", leaf: "infer.v2.sock", pipe: "inferd-infer-v2", mode: 0o660},
	Framed:  {name: "framed", leaf: "inferd.sock", pipe: "inferd", mode: 0o660},
	Embed:   {name: "embed", leaf: "infer.embed.sock", pipe: "inferd-infer-embed", mode: 0o660},
	Rerank:  {name: "rerank", leaf: "infer.rerank.sock", pipe: "inferd-infer-rerank", mode: 0o660},
	Admin:   {name: "admin", leaf: "admin.sock", pipe: "inferd-admin", mode: 0o600},
	Control: {name: "control", leaf: "control.sock", pipe: "inferd-control", mode: 0o600},
}

// Surfaces lists all surfaces.
func Surfaces() []Surface { return []Surface{V1, V2, Framed, Embed, Rerank, Admin, Control} }

func (s Surface) String() string {
	if int(s) < len(surfaces) {
		return surfaces[s].name
	}
	return fmt.Sprintf("Surface(%d)", uint8(s))
}

// Endpoint is where a surface is served.
type Endpoint struct {
	Surface Surface
	// Path is the Unix socket, or the pipe on Windows.
	Path string
}

// Names within the runtime directory and where older daemons put theirs.
const (
	lockLeaf   = "inferd.lock"
	pipePrefix = `\\.\pipe\`
	tmpDir     = "/tmp"
	olderDir   = tmpDir + "/inferd"
)

// DefaultDir returns the directory of the sockets and of the lock. On Linux it
// is $XDG_RUNTIME_DIR/inferd, else $HOME/.inferd/run, else /tmp/inferd-<uid>;
// on macOS $TMPDIR/inferd, else as on Linux; on Windows, where pipes have no
// directory, %LOCALAPPDATA%\inferd\run holds the lock.
//
// A variable counts only if it holds an absolute path: a relative one would
// mean another place to each process, and daemon and client would miss each
// other.
func DefaultDir() (string, error) {
	return defaultDir(runtime.GOOS, os.Getenv, os.Geteuid())
}

// ClientDirs returns the directories in which a client looks for a daemon, in
// this order: DefaultDir, then on Unix the one that older daemons used.
func ClientDirs() []string {
	return clientDirs(runtime.GOOS, os.Getenv, os.Geteuid())
}

// EndpointIn returns the endpoint of s in dir. On Windows it is the pipe of s,
// whatever dir is.
func EndpointIn(dir string, s Surface) Endpoint {
	return endpointIn(runtime.GOOS, dir, s)
}

// LockPath returns the path of the single-instance lock in dir.
func LockPath(dir string) string {
	return join(runtime.GOOS, dir, lockLeaf)
}

func defaultDir(goos string, getenv func(string) string, uid int) (string, error) {
	if goos == "windows" {
		return windowsDir(getenv)
	}
	if dir := getenv("TMPDIR"); goos == "darwin" && path.IsAbs(dir) {
		return path.Join(dir, "inferd"), nil
	}
	if dir := getenv("XDG_RUNTIME_DIR"); path.IsAbs(dir) {
		return path.Join(dir, "inferd"), nil
	}
	if dir := getenv("HOME"); path.IsAbs(dir) {
		return path.Join(dir, ".inferd", "run"), nil
	}
	return fmt.Sprintf("%s/inferd-%d", tmpDir, uid), nil
}

func windowsDir(getenv func(string) string) (string, error) {
	if dir := getenv("LOCALAPPDATA"); isWindowsAbs(dir) {
		return join("windows", dir, "inferd", "run"), nil
	}
	if dir := getenv("USERPROFILE"); isWindowsAbs(dir) {
		return join("windows", dir, "AppData", "Local", "inferd", "run"), nil
	}
	return "", errors.New("find the runtime directory: neither LOCALAPPDATA nor USERPROFILE holds an absolute path")
}

// isWindowsAbs is filepath.IsAbs of Windows, on any system.
func isWindowsAbs(p string) bool {
	drive := len(p) >= 3 && p[1] == ':' && (p[2] == '\\' || p[2] == '/')
	return drive || strings.HasPrefix(p, `\\`)
}

func clientDirs(goos string, getenv func(string) string, uid int) []string {
	var dirs []string
	if dir, err := defaultDir(goos, getenv, uid); err == nil {
		dirs = append(dirs, dir)
	}
	if goos != "windows" && (len(dirs) == 0 || dirs[0] != olderDir) {
		dirs = append(dirs, olderDir)
	}
	return dirs
}

func endpointIn(goos, dir string, s Surface) Endpoint {
	if goos == "windows" {
		return Endpoint{Surface: s, Path: pipePrefix + surfaces[s].pipe}
	}
	return Endpoint{Surface: s, Path: join(goos, dir, surfaces[s].leaf)}
}

// join is filepath.Join of the named system, so that every system's rule can
// be tested on any.
func join(goos, dir string, leaves ...string) string {
	if goos == "windows" {
		return strings.TrimRight(dir, `\/`) + `\` + strings.Join(leaves, `\`)
	}
	return path.Join(append([]string{dir}, leaves...)...)
}
