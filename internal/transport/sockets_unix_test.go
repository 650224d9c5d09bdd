//go:build unix

package transport

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// try ends the test at the first error.
func try(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wantMessage checks that an error says each of the given things.
func wantMessage(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func lstat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// socketDir returns a private directory with a path short enough for sockets.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// endpoint returns the v1 endpoint in a directory of its own.
func endpoint(t *testing.T) Endpoint {
	t.Helper()
	return EndpointIn(socketDir(t), V1)
}

func mustListen(t *testing.T, e Endpoint) *Listener {
	t.Helper()
	l, err := Listen(e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// leaveStale leaves the socket of a dead server at path.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	try(t, ln.Close())
}

// wantServed checks that a client of l reaches it.
func wantServed(t *testing.T, l *Listener) {
	t.Helper()
	client, server := connect(t, l)
	try(t, client.Close(), server.Close())
}

// connect returns both ends of a connection through l.
func connect(t *testing.T, l *Listener) (client *net.UnixConn, server *Conn) {
	t.Helper()
	c, err := Dial(t.Context(), l.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return c.(*net.UnixConn), server
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("directory holds %q, want %q", got, want)
	}
}

// describe tells all that is to be seen of the entries of dir.
func describe(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info := lstat(t, path)
		b.WriteString(e.Name() + " " + info.Mode().String() + " " + info.ModTime().String())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			try(t, err)
			b.Write(content)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// fill writes to c until its buffer is full.
func fill(t *testing.T, c syscall.Conn) {
	t.Helper()
	raw, err := c.SyscallConn()
	try(t, err)
	var fillErr error
	try(t, raw.Write(func(fd uintptr) bool {
		for fillErr == nil {
			_, fillErr = unix.Write(int(fd), make([]byte, 1<<16))
		}
		return true
	}))
	if !errors.Is(fillErr, unix.EAGAIN) {
		t.Fatalf("fill the buffer: %v", fillErr)
	}
}
