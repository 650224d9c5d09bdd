package status

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/inferd/inferd/wire"
)

// drain reads s to its end and returns the lines it saw.
func drain(t *testing.T, s *Subscription) []string {
	var all strings.Builder
	for {
		got, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return strings.SplitAfter(strings.TrimSuffix(all.String(), "\n"), "\n")
		}
		if err != nil {
			t.Errorf("next: %v", err)
			return nil
		}
		all.Write(got)
	}
}

// TestHub_NothingFallsBetweenSnapshotAndEvents subscribes while two publishers
// are at work. One subscriber was there from the beginning: what any other saw
// must be the end of what that one saw, without a gap, a repeat or a swap.
func TestHub_NothingFallsBetweenSnapshotAndEvents(t *testing.T) {
	const (
		rounds      = 30
		publishers  = 2
		events      = MaxBehind/publishers - 1 // nobody can be too slow
		subscribers = 16
	)
	for range rounds {
		h := NewHub()
		witness := h.Subscribe()
		var publishing, watching sync.WaitGroup
		for p := range publishers {
			publishing.Go(func() {
				for n := range events {
					h.Publish(step(p*events + n))
				}
			})
		}
		seen := make([][]string, subscribers)
		for i := range subscribers {
			watching.Go(func() {
				for range i * 20 {
					runtime.Gosched()
				}
				s := h.Subscribe()
				defer s.Close()
				seen[i] = drain(t, s)
			})
		}
		publishing.Wait()
		h.Publish(wire.Draining{})
		h.Close()
		watching.Wait()

		all := strings.Join(drain(t, witness), "")
		if n := strings.Count(all, "\n") + 1; n != 1+publishers*events+1 {
			t.Fatalf("the witness saw %d frames, want %d", n, 1+publishers*events+1)
		}
		for i := range seen {
			if got := strings.Join(seen[i], ""); !strings.HasSuffix(all, got) || got == "" {
				t.Fatalf("subscriber %d saw something else than the witness:\n%s\nthe witness:\n%s", i, got, all)
			}
		}
	}
}

// TestHub_SlowAndLeavingSubscribersDisturbNobody has subscribers that never
// read and some that leave at any moment beside one that keeps up.
func TestHub_SlowAndLeavingSubscribersDisturbNobody(t *testing.T) {
	const events = 20 * MaxBehind
	h := NewHub()
	steady := h.Subscribe()
	var stuck []*Subscription
	for range 4 {
		stuck = append(stuck, h.Subscribe())
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				s := h.Subscribe()
				if _, err := s.Next(t.Context()); err != nil && !errors.Is(err, ErrSlow) {
					t.Errorf("next: %v", err)
				}
				s.Close()
			}
		})
	}
	seen := frames(wire.Starting{})
	expectNext(t, steady, seen)
	for n := range events {
		h.Publish(step(n))
		if n%MaxBehind == MaxBehind-1 {
			if got, err := steady.Next(t.Context()); err != nil || strings.Count(string(got), "\n") != MaxBehind {
				t.Fatalf("steady took %d frames and %v, want %d", strings.Count(string(got), "\n"), err, MaxBehind)
			}
		}
	}
	group.Wait()
	for _, s := range stuck {
		expectEnd(t, s, ErrSlow)
	}
	if n := len(h.subscribers); n != 1 {
		t.Errorf("%d subscribers are left in the hub, want the steady one", n)
	}
	steady.Close()
}
