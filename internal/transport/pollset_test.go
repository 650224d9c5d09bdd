package transport

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gonePeers is the state of the fake connections of a pollSet.
type gonePeers struct{ conns sync.Map }

func (g *gonePeers) hungUp(c *Conn) bool {
	_, gone := g.conns.Load(c)
	return gone
}

func (g *gonePeers) leave(c *Conn) { g.conns.Store(c, true) }

// startPolling runs p until the test's bubble ends, and returns what it fires.
func startPolling(t *testing.T, p *pollSet) <-chan uint64 {
	t.Helper()
	fired := make(chan uint64, 16)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run(ctx, func(key uint64) { fired <- key })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return fired
}

func TestPollSet_NoticesWithin100Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, a, b := new(gonePeers), new(Conn), new(Conn)
		p := newPollSet(gone.hungUp)
		fired := startPolling(t, p)
		p.add(a, 1)
		p.add(b, 2)
		time.Sleep(pollInterval * 7 / 2)
		synctest.Wait()
		gone.leave(b)
		left := time.Now()
		if key := <-fired; key != 2 {
			t.Errorf("fired %d, want 2", key)
		}
		if d := time.Since(left); d > 100*time.Millisecond {
			t.Errorf("noticed after %v", d)
		}
		time.Sleep(10 * pollInterval)
		synctest.Wait()
		if n := len(fired); n != 0 {
			t.Errorf("%d more fired", n)
		}
	})
}

func TestPollSet_PollEndsWithItsLastConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, a, b := new(gonePeers), new(Conn), new(Conn)
		p := newPollSet(gone.hungUp)
		p.add(a, 1)
		p.add(b, 2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.poll(t.Context(), func(uint64) {})
		}()
		time.Sleep(10 * pollInterval)
		synctest.Wait()
		gone.leave(a)
		p.remove(b, 2)
		<-done // or the test ends in a deadlock
	})
}

func TestPollSet_StartsAgainAfterItWasEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, c := new(gonePeers), new(Conn)
		gone.leave(c)
		p := newPollSet(gone.hungUp)
		fired := startPolling(t, p)
		for key := range uint64(3) {
			p.add(c, key)
			if got := <-fired; got != key {
				t.Errorf("fired %d, want %d", got, key)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestPollSet_ForgetsWhatWasRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, c := new(gonePeers), new(Conn)
		p := newPollSet(gone.hungUp)
		fired := startPolling(t, p)
		p.add(c, 1)
		time.Sleep(pollInterval / 2)
		synctest.Wait()
		p.remove(c, 1)
		gone.leave(c)
		time.Sleep(10 * pollInterval)
		synctest.Wait()
		if n := len(fired); n != 0 {
			t.Errorf("%d fired", n)
		}
	})
}
