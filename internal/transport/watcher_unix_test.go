//go:build unix

package transport

import (
	"context"
	"os"
	"syscall"
	"testing"
)

func TestWatcher_TellsAFullCloseFromAllElse(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, client, server syscall.Conn){
		"idle":         func(*testing.T, syscall.Conn, syscall.Conn) {},
		"unread data":  func(t *testing.T, client, _ syscall.Conn) { fill(t, client) },
		"answer stuck": func(t *testing.T, _, server syscall.Conn) { fill(t, server) },
		"both":         func(t *testing.T, client, server syscall.Conn) { fill(t, client); fill(t, server) },
	} {
		t.Run(name, func(t *testing.T) {
			l := mustListen(t, endpoint(t))
			w, _ := runWatcher(t)
			client, server := connect(t, l)
			gone, _ := watch(t, w, server)

			prepare(t, client, server.Conn.(syscall.Conn))
			settle(t, w, l)
			wantNone(t, gone, "while the client was there")

			try(t, client.CloseWrite())
			settle(t, w, l)
			wantNone(t, gone, "after a half-close")

			try(t, client.Close())
			<-gone
			settle(t, w, l)
			wantNone(t, gone, "more than once")
		})
	}
}

func TestWatcher_TellsOfACloseWithoutHalfClose(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	client, server := connect(t, l)
	gone, _ := watch(t, w, server)
	try(t, client.Close())
	<-gone
}

func TestWatcher_TellsOfAKilledClient(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	client := startClient(t, os.Args[0], l.Endpoint().Path)
	server, err := l.Accept()
	try(t, err)
	defer server.Close()
	gone, _ := watch(t, w, server)
	settle(t, w, l)
	wantNone(t, gone, "while the client was alive")
	kill(client)
	<-gone
}

func TestWatcher_TellsOfAClientThatWasGoneBefore(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, err := NewWatcher()
	try(t, err)
	client, server := connect(t, l)
	try(t, client.Close())
	first, _ := watch(t, w, server)
	startWatcher(t, w) // Watch before Run is fine
	<-first
	second, _ := watch(t, w, server)
	<-second
}

func TestWatcher_IsQuietAfterStop(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	client, server := connect(t, l)
	gone, stop := watch(t, w, server)
	stop()
	stop()
	try(t, client.Close())
	settle(t, w, l)
	wantNone(t, gone, "after stop")

	again, _ := watch(t, w, server) // the next request on the connection
	<-again
	wantNone(t, gone, "after stop")
}

func TestWatcher_StopMayBeCalledByGone(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	client, server := connect(t, l)
	var stop func()
	ready, gone := make(chan struct{}), make(chan struct{})
	stop = w.Watch(server, func() {
		<-ready
		stop()
		close(gone)
	})
	close(ready)
	try(t, client.Close())
	<-gone
}

// A connection that the daemon closes itself, before stop, frees its
// descriptor's number for the next one.
func TestWatcher_IsNotConfusedByAReusedDescriptor(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	old, server := connect(t, l)
	oldGone, oldStop := watch(t, w, server)
	try(t, server.Close(), old.Close())

	type pair struct {
		gone  chan struct{}
		close func() error
	}
	var next []pair
	for range 8 {
		client, server := connect(t, l)
		gone, _ := watch(t, w, server)
		next = append(next, pair{gone, client.Close})
	}
	oldStop()
	settle(t, w, l)
	for _, p := range next {
		wantNone(t, p.gone, "for a connection that is open")
		try(t, p.close())
		<-p.gone
	}
	wantNone(t, oldGone, "for a connection closed on our side")
}

func TestWatcher_AcceptsAConnectionThatIsClosed(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	_, server := connect(t, l)
	try(t, server.Close())
	gone, stop := watch(t, w, server)
	settle(t, w, l)
	stop()
	wantNone(t, gone, "for a connection closed on our side")
}

// The second watch of a connection is polled where the kernel keeps one for
// each; both must tell the same.
func TestWatcher_WatchesOneConnectionTwice(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, _ := runWatcher(t)
	client, server := connect(t, l)
	fill(t, client)
	try(t, client.CloseWrite())
	first, _ := watch(t, w, server)
	second, _ := watch(t, w, server)
	third, stopThird := watch(t, w, server)
	stopThird()
	settle(t, w, l)
	wantNone(t, first, "after a half-close")
	wantNone(t, second, "after a half-close")
	try(t, client.Close())
	<-first
	<-second
	wantNone(t, third, "after stop")
}

func TestHungUp_AnswersAtOnce(t *testing.T) {
	client, server := connect(t, mustListen(t, endpoint(t)))
	fill(t, client)
	if hungUp(server) {
		t.Error("an open connection hung up")
	}
	try(t, client.CloseWrite())
	if hungUp(server) {
		t.Error("a half-close is no hang-up")
	}
	try(t, client.Close())
	if !hungUp(server) {
		t.Error("a full close is a hang-up")
	}
	try(t, server.Close())
	if hungUp(server) {
		t.Error("a connection closed on our side says nothing of the peer")
	}
}

func TestWatcher_CallsNothingAfterRun(t *testing.T) {
	l := mustListen(t, endpoint(t))
	w, stop := runWatcher(t)
	client, server := connect(t, l)
	gone, _ := watch(t, w, server)
	stop()
	try(t, client.Close())
	late, lateStop := watch(t, w, server)
	lateStop()
	wantNone(t, gone, "after Run")
	wantNone(t, late, "after Run")
}

func TestWatcher_RunWithAnEndedContextReturns(t *testing.T) {
	w, err := NewWatcher()
	try(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	try(t, w.Run(ctx))
}
