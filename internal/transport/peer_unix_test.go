//go:build unix

package transport

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// knowsExe says whether the system tells the executable of a peer.
const knowsExe = runtime.GOOS == "linux"

func TestAccept_ReadsThePeerFromTheKernel(t *testing.T) {
	l := mustListen(t, endpoint(t))
	client := startClient(t, os.Args[0], l.Endpoint().Path)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := Peer{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), PID: client.Process.Pid}
	if knowsExe {
		if want.Exe, err = os.Executable(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, c.Peer()); diff != "" {
		t.Errorf("peer (-want +got):\n%s", diff)
	}
}

func TestPeerOf_NamesTheServerToAClient(t *testing.T) {
	client, _ := connect(t, mustListen(t, endpoint(t)))
	p, err := peerOf(client)
	if err != nil || p.PID != os.Getpid() {
		t.Errorf("got %v, %v, want pid %d", p, err, os.Getpid())
	}
}

func TestPeerOf_RefusesWhatTheKernelDoesNotVouchFor(t *testing.T) {
	if p, err := peerOf(closedPipe()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("in-process pipe: %v, %v, want errors.ErrUnsupported", p, err)
	}
	client, server := connect(t, mustListen(t, endpoint(t)))
	try(t, client.Close(), server.Close())
	if p, err := peerOf(client); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed connection: %v, %v, want net.ErrClosed", p, err)
	}
}

func TestPeer_StringQuotesTheExecutable(t *testing.T) {
	for want, p := range map[string]Peer{
		`uid 7 pid 42 exe "/bin/a"`:              {UID: 7, GID: 8, PID: 42, Exe: "/bin/a"},
		`uid 7 pid 42 exe "/a\nlevel=ERROR\x1b"`: {UID: 7, GID: 8, PID: 42, Exe: "/a\nlevel=ERROR\x1b"},
		`uid 0 pid 0`:                            {},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestConn_CloseWriteIsAHalfClose(t *testing.T) {
	client, server := connect(t, mustListen(t, endpoint(t)))
	try(t, server.CloseWrite())
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("client reads %d bytes, %v, want an end", n, err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Errorf("client can't write any more: %v", err)
	}
}
