//go:build unix

package transport

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// runWatcher returns a Watcher that runs until stop is called, or the test ends.
func runWatcher(t *testing.T) (w *Watcher, stop func()) {
	t.Helper()
	w, err := NewWatcher()
	try(t, err)
	return w, startWatcher(t, w)
}

func startWatcher(t *testing.T, w *Watcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// watch returns a channel that gets one value for each call of gone.
func watch(t *testing.T, w *Watcher, c *Conn) (gone chan struct{}, stop func()) {
	t.Helper()
	gone = make(chan struct{}, 8)
	stop = w.Watch(c, func() { gone <- struct{}{} })
	t.Cleanup(stop)
	return gone, stop
}

// settle waits until w has told of all that had happened before: it watches a
// connection that closes now, and hang-ups are told in their order.
func settle(t *testing.T, w *Watcher, l *Listener) {
	t.Helper()
	client, server := connect(t, l)
	gone, stop := watch(t, w, server)
	defer stop()
	try(t, client.Close())
	<-gone
}

func wantNone(t *testing.T, gone <-chan struct{}, when string) {
	t.Helper()
	if n := len(gone); n != 0 {
		t.Errorf("gone was called %d times %s", n, when)
	}
}

// Clients that come and go while their watches are stopped: each gone is
// called at most once, never after a stop that came first, and nothing is lost.
func TestWatcher_ManyConnectionsComeAndGo(t *testing.T) {
	const clients, each = 10, 100
	l := mustListen(t, endpoint(t))
	w, stop := runWatcher(t)
	var told, wanted atomic.Int64
	var serving, dialing sync.WaitGroup
	serving.Go(func() {
		for n := range clients * each {
			server, err := l.Accept()
			if err != nil {
				t.Errorf("Accept: %v", err)
				return
			}
			serving.Go(func() { serveOne(n, w, server, &told, &wanted) })
		}
	})
	for range clients {
		dialing.Go(func() {
			for range each {
				c, err := Dial(t.Context(), l.Endpoint())
				if err != nil {
					t.Errorf("Dial: %v", err)
					return
				}
				c.Close()
			}
		})
	}
	dialing.Wait()
	serving.Wait()
	stop()
	if told.Load() < wanted.Load() || told.Load() > clients*each {
		t.Errorf("gone was called %d times, want %d to %d", told.Load(), wanted.Load(), clients*each)
	}
	if n := len(w.watched) + len(w.polled.conns); n != 0 {
		t.Errorf("%d connections are still watched", n)
	}
}

// serveOne watches a connection in one of three ways: until the client is gone,
// only for a moment, or until after its own close.
func serveOne(n int, w *Watcher, c *Conn, told, wanted *atomic.Int64) {
	gone := make(chan struct{})
	stop := w.Watch(c, func() { told.Add(1); close(gone) })
	switch n % 3 {
	case 0:
		wanted.Add(1)
		<-gone
		stop()
		c.Close()
	case 1:
		stop()
		c.Close()
	case 2:
		c.Close()
		stop()
	}
}
