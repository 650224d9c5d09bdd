//go:build unix

package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestListen_GivesEachSurfaceItsMode(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o177} {
		for s, want := range map[Surface]fs.FileMode{V1: 0o660, Admin: 0o600, Control: 0o600} {
			func() {
				e := EndpointIn(socketDir(t), s)
				defer unix.Umask(unix.Umask(umask))
				l := mustListen(t, e)
				if got := lstat(t, e.Path).Mode(); got != fs.ModeSocket|want {
					t.Errorf("%v under umask %#o: mode %v, want %v", s, umask, got, fs.ModeSocket|want)
				}
				wantServed(t, l)
			}()
		}
	}
}

// Whoever waits for the socket to appear must find it complete: with its mode,
// and accepting.
func TestListen_SocketAppearsComplete(t *testing.T) {
	for range 50 {
		e := endpoint(t)
		found := make(chan error, 1)
		go func() {
			for {
				info, err := os.Lstat(e.Path)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil && info.Mode() != fs.ModeSocket|0o660 {
					err = errors.New("mode " + info.Mode().String())
				}
				if err == nil {
					var c net.Conn
					if c, err = net.Dial("unix", e.Path); err == nil {
						c.Close()
					}
				}
				found <- err
				return
			}
		}()
		l := mustListen(t, e)
		if err := <-found; err != nil {
			t.Fatal(err)
		}
		try(t, l.Close())
	}
}

func TestListen_LeavesNothingBesideTheSocket(t *testing.T) {
	e := endpoint(t)
	l := mustListen(t, e)
	wantNames(t, filepath.Dir(e.Path), "infer.sock")
	try(t, l.Close())
	wantNames(t, filepath.Dir(e.Path))
	try(t, l.Close())
}

func TestListen_ReplacesStaleSockets(t *testing.T) {
	e := endpoint(t)
	leaveStale(t, e.Path)
	leaveStale(t, tempName(e.Path)) // of a daemon killed in the middle of Listen
	l := mustListen(t, e)
	wantServed(t, l)
	wantNames(t, filepath.Dir(e.Path), "infer.sock")
}

func TestListen_RefusesWhatIsNoSocketAndLeavesIt(t *testing.T) {
	for _, tc := range []struct {
		name, says string
		make       func(t *testing.T, path string)
	}{
		{"file", "regular file", func(t *testing.T, path string) { try(t, os.WriteFile(path, []byte("precious"), 0o640)) }},
		{"symlink to a file", "symbolic link", func(t *testing.T, path string) {
			try(t, os.WriteFile(path+"-target", []byte("precious"), 0o640), os.Symlink(path+"-target", path))
		}},
		{"symlink to a stale socket", "symbolic link", func(t *testing.T, path string) {
			leaveStale(t, path+"-target")
			try(t, os.Symlink(path+"-target", path))
		}},
		{"dangling symlink", "symbolic link", func(t *testing.T, path string) { try(t, os.Symlink(path+"-target", path)) }},
		{"directory", "directory", func(t *testing.T, path string) { try(t, os.Mkdir(path, 0o700)) }},
		{"fifo", "fifo", func(t *testing.T, path string) { try(t, unix.Mkfifo(path, 0o600)) }},
	} {
		for place, at := range map[string]func(string) string{
			"final name":     func(p string) string { return p },
			"temporary name": tempName,
		} {
			t.Run(tc.name+" at the "+place, func(t *testing.T) {
				e := endpoint(t)
				path := at(e.Path)
				tc.make(t, path)
				before := describe(t, filepath.Dir(e.Path))
				_, err := Listen(e)
				wantMessage(t, err, path, tc.says)
				if after := describe(t, filepath.Dir(e.Path)); after != before {
					t.Errorf("directory was\n%s\nand is now\n%s", before, after)
				}
			})
		}
	}
}

func TestListen_RefusesASocketThatIsServed(t *testing.T) {
	e := endpoint(t)
	first := mustListen(t, e)
	_, err := Listen(e)
	wantMessage(t, err, e.Path, "served by another process")
	wantNames(t, filepath.Dir(e.Path), "infer.sock")
	server, err := first.Accept() // the question whether it is served
	try(t, err, server.Close())
	wantServed(t, first)
}

func TestRemoveStale_LeavesAnotherUsersSocket(t *testing.T) {
	e := endpoint(t)
	leaveStale(t, e.Path)
	wantMessage(t, removeStale(e.Path, os.Geteuid()+1), e.Path, "is a socket of uid")
	if lstat(t, e.Path).Mode().Type() != fs.ModeSocket {
		t.Error("the socket is gone")
	}
}

func TestListen_RefusesADirectoryThatIsNotPrivate(t *testing.T) {
	t.Run("symlink", func(t *testing.T) {
		dir := socketDir(t)
		link := filepath.Join(socketDir(t), "l")
		try(t, os.Symlink(dir, link))
		_, err := Listen(EndpointIn(link, V1))
		wantMessage(t, err, link, "symbolic link")
		wantNames(t, dir)
	})
	for _, mode := range []fs.FileMode{0o770, 0o702} {
		t.Run(mode.String(), func(t *testing.T) {
			dir := socketDir(t)
			try(t, os.Chmod(dir, mode))
			_, err := Listen(EndpointIn(dir, V1))
			wantMessage(t, err, dir, "others may write")
			wantNames(t, dir)
		})
	}
	t.Run("missing", func(t *testing.T) {
		_, err := Listen(EndpointIn(filepath.Join(socketDir(t), "missing"), V1))
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Listen: %v, want fs.ErrNotExist", err)
		}
	})
}

func TestListen_PathMayBeAsLongAsTheSystemAllows(t *testing.T) {
	dir := socketDir(t)
	room := maxSocketPath - len(dir) - len("/") - len("/infer.sock")
	fits := filepath.Join(dir, strings.Repeat("d", room))
	tooLong := fits + "d"
	try(t, PrepareDir(fits), PrepareDir(tooLong))

	wantServed(t, mustListen(t, EndpointIn(fits, V1)))

	_, listenErr := Listen(EndpointIn(tooLong, V1))
	_, dialErr := Dial(t.Context(), EndpointIn(tooLong, V1))
	for _, err := range []error{listenErr, dialErr} {
		wantMessage(t, err, tooLong, fmt.Sprintf("%d bytes long", maxSocketPath+1), fmt.Sprintf("at most %d", maxSocketPath),
			"to a directory with a shorter name")
		if IsNotRunning(err) {
			t.Error("too long a path was taken for a missing daemon")
		}
	}
}

func TestListen_RefusesPathsThatAreNoFiles(t *testing.T) {
	for _, path := range []string{"", "infer.sock", "@inferd/infer.sock"} {
		e := Endpoint{Path: path}
		_, listenErr := Listen(e)
		wantMessage(t, listenErr, "must be absolute")
		_, dialErr := Dial(t.Context(), e)
		wantMessage(t, dialErr, "must be absolute")
	}
}

func TestPublish_LeavesNoTemporaryNameWhenItCannotMove(t *testing.T) {
	path := endpoint(t).Path
	temp := tempName(path)
	leaveStale(t, temp)
	try(t, os.Mkdir(path, 0o700))
	_, err := publish(temp, path, 0o660)
	wantMessage(t, err, path)
	wantNames(t, filepath.Dir(path), "infer.sock")

	if _, err := publish(temp, path, 0o660); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("publish without a socket: %v, want fs.ErrNotExist", err)
	}
}

func TestListener_CloseLeavesWhatTookItsPlace(t *testing.T) {
	for name, replace := range map[string]func(t *testing.T, path string){
		"file":    func(t *testing.T, path string) { try(t, os.WriteFile(path, []byte("precious"), 0o600)) },
		"symlink": func(t *testing.T, path string) { try(t, os.Symlink("elsewhere", path)) },
		"socket":  leaveStale,
	} {
		t.Run(name, func(t *testing.T) {
			e := endpoint(t)
			l := mustListen(t, e)
			try(t, os.Remove(e.Path))
			replace(t, e.Path)
			before := lstat(t, e.Path)
			try(t, l.Close())
			if !os.SameFile(before, lstat(t, e.Path)) {
				t.Error("it was replaced")
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		e := endpoint(t)
		l := mustListen(t, e)
		try(t, os.Remove(e.Path), l.Close())
	})
}

func TestListener_CloseLeavesTheTemporaryNameOfTheNextListener(t *testing.T) {
	e := endpoint(t)
	l := mustListen(t, e)
	try(t, os.WriteFile(tempName(e.Path), nil, 0o600), l.Close())
	wantNames(t, filepath.Dir(e.Path), filepath.Base(tempName(e.Path)))
}

func TestListener_CloseLetsAcceptedConnectionsLive(t *testing.T) {
	l := mustListen(t, endpoint(t))
	client, server := connect(t, l)
	try(t, l.Close())
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// A client that is connected when the surface is withdrawn has been told that
// somebody is there: its request is heard.
func TestListener_CloseLosesNoConnection(t *testing.T) {
	l := mustListen(t, endpoint(t))
	const n = 5
	for range n {
		c, err := Dial(t.Context(), l.Endpoint())
		try(t, err)
		t.Cleanup(func() { c.Close() })
		_, err = c.Write([]byte("x"))
		try(t, err)
	}
	try(t, l.Close())
	for range n {
		c, err := l.Accept()
		try(t, err)
		var b [1]byte
		if _, err := c.Read(b[:]); err != nil || b[0] != 'x' {
			t.Errorf("read %q, %v", b, err)
		}
		try(t, c.Close())
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}
