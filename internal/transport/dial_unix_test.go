//go:build unix

package transport

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDial_TellsThatNoDaemonIsRunning(t *testing.T) {
	stale := endpoint(t)
	leaveStale(t, stale.Path)
	closed := mustListen(t, endpoint(t))
	try(t, closed.Close())
	for name, e := range map[string]Endpoint{
		"nothing there":      endpoint(t),
		"no directory":       EndpointIn(filepath.Join(socketDir(t), "missing"), V1),
		"stale socket":       stale,
		"listener is closed": closed.Endpoint(),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Dial(t.Context(), e)
			wantMessage(t, err, "connect to "+e.Path)
			if !IsNotRunning(err) {
				t.Errorf("IsNotRunning(%v) is false", err)
			}
		})
	}
}

func TestIsNotRunning_IsFalseForOtherErrors(t *testing.T) {
	for _, err := range []error{nil, fs.ErrPermission, unix.EAGAIN, context.Canceled, errors.New("x")} {
		if IsNotRunning(err) {
			t.Errorf("IsNotRunning(%v) is true", err)
		}
	}
}

func TestDial_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Dial(ctx, mustListen(t, endpoint(t)).Endpoint())
	if !errors.Is(err, context.Canceled) || IsNotRunning(err) {
		t.Errorf("Dial: %v, want context.Canceled", err)
	}
}

func TestCheckServerUser_TrustsTheUserAndRoot(t *testing.T) {
	for _, uid := range []int{7, 0} {
		if err := checkServerUser(uid, 7); err != nil {
			t.Errorf("server of uid %d: %v", uid, err)
		}
	}
	for _, uid := range []int{0, 7} {
		err := checkServerUser(8, uid)
		wantMessage(t, err, "uid 8", "neither you")
		if !IsNotRunning(err) {
			t.Error("a stranger's server counts as a daemon of ours")
		}
	}
}

func TestCheckServer_ReadsWhoListens(t *testing.T) {
	client, _ := connect(t, mustListen(t, endpoint(t)))
	if err := checkServer(client, os.Geteuid()); err != nil {
		t.Errorf("our own server: %v", err)
	}
	if err := checkServer(closedPipe(), os.Geteuid()); err == nil {
		t.Error("a server that can't be identified was trusted")
	}
}

// fullListener returns a socket whose queue of connections is full.
func fullListener(t *testing.T) (fd int, e Endpoint) {
	t.Helper()
	e = endpoint(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	try(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	try(t, unix.Bind(fd, &unix.SockaddrUnix{Name: e.Path}), unix.Listen(fd, 0))
	for {
		c, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		try(t, err, unix.SetNonblock(c, true))
		t.Cleanup(func() { unix.Close(c) })
		if err := unix.Connect(c, &unix.SockaddrUnix{Name: e.Path}); err != nil {
			return fd, e
		}
	}
}

func TestDialBusy_WaitsForAPlaceUntilTheContextEnds(t *testing.T) {
	_, e := fullListener(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*busyRetry)
	defer cancel()
	_, err := Dial(ctx, e)
	if !errors.Is(err, context.DeadlineExceeded) || IsNotRunning(err) {
		t.Errorf("Dial: %v, want context.DeadlineExceeded", err)
	}
}

func TestDialBusy_TakesAPlaceThatComesFree(t *testing.T) {
	fd, e := fullListener(t)
	time.AfterFunc(2*busyRetry, func() {
		if c, _, err := unix.Accept(fd); err == nil {
			unix.Close(c)
		}
	})
	c, err := Dial(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestListen_TakesAFullQueueForAServedSocket(t *testing.T) {
	_, e := fullListener(t)
	_, err := Listen(e)
	wantMessage(t, err, "served by another process")
}
