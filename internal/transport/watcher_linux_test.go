package transport

import (
	"context"
	"os"
	"runtime"
	"testing"
)

// descriptors counts the open files of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	try(t, err)
	return len(entries)
}

func TestDescriptors_AreAllGivenBack(t *testing.T) {
	round := func() {
		l, err := Listen(endpoint(t))
		try(t, err)
		w, err := NewWatcher()
		try(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		for range 50 {
			c, err := Dial(t.Context(), l.Endpoint())
			try(t, err)
			s, err := l.Accept()
			try(t, err)
			gone := make(chan struct{})
			stop := w.Watch(s, func() { close(gone) })
			try(t, c.Close())
			<-gone
			stop()
			try(t, s.Close())
		}
		if _, err := Listen(l.Endpoint()); err == nil {
			t.Fatal("listened twice")
		}
		cancel()
		try(t, <-done, l.Close())
		late, err := l.Accept() // of the one that tried to listen too
		try(t, err, late.Close())
	}
	round() // the runtime keeps what it opens at first use
	before := descriptors(t)
	round()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// Requests and half-closes must not wake the watcher: a busy connection would
// cost twice.
func TestEvents_TrafficIsNoEvent(t *testing.T) {
	l := mustListen(t, endpoint(t))
	ev, err := newEvents()
	try(t, err)
	defer ev.epoll.Close()
	client, server := connect(t, l)
	if !ev.add(server, 1<<40|7) {
		t.Fatal("not added")
	}
	fired := make(chan uint64, 8)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- ev.run(ctx, func(key uint64) { fired <- key }) }()
	for range 100 {
		_, err := client.Write([]byte("x"))
		try(t, err)
		runtime.Gosched()
	}
	try(t, client.CloseWrite(), client.Close())
	if key := <-fired; key != 1<<40|7 {
		t.Errorf("fired %#x, want the whole key", key)
	}
	cancel()
	try(t, <-done)
	if n := len(fired); n != 0 {
		t.Errorf("%d more events", n)
	}
}

func TestEvents_AddSaysWhereThereIsNoRoom(t *testing.T) {
	ev, err := newEvents()
	try(t, err)
	defer ev.epoll.Close()
	_, server := connect(t, mustListen(t, endpoint(t)))
	if !ev.add(server, 1) {
		t.Error("the first watch of a connection was not added")
	}
	if ev.add(server, 2) {
		t.Error("the second one was")
	}
	ev.remove(server, 1)
	if !ev.add(server, 3) {
		t.Error("the watch after a removed one was not")
	}
	if ev.add(&Conn{Conn: closedPipe()}, 4) {
		t.Error("a connection without descriptor was")
	}
}
