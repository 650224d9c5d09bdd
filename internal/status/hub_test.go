package status

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/inferd/inferd/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// frames writes events as the lines that a subscriber should see.
func frames(events ...wire.AdminEvent) string {
	var all []byte
	for _, ev := range events {
		all = ev.Append(all)
	}
	return string(all)
}

func step(n int) wire.AdminEvent { return wire.Restarting{Phase: fmt.Sprint("step ", n)} }

func expectNext(t *testing.T, s *Subscription, want string) {
	t.Helper()
	got, err := s.Next(t.Context())
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Fatalf("frames (-want +got):\n%s", diff)
	}
}

func expectEnd(t *testing.T, s *Subscription, want error) {
	t.Helper()
	if got, err := s.Next(t.Context()); !errors.Is(err, want) || got != nil {
		t.Fatalf("next gave %q and %v, want %v alone", got, err, want)
	}
}

func TestHub_StartsAsStarting(t *testing.T) {
	h := NewHub()
	state, caps := h.Snapshot()
	if diff := cmp.Diff(wire.AdminEvent(wire.Starting{}), state); diff != "" || len(caps) != 0 {
		t.Errorf("state (-want +got):\n%s\nand capabilities %v", diff, caps)
	}
	s := h.Subscribe()
	defer s.Close()
	expectNext(t, s, `{"id":"admin","type":"status","status":"starting"}`+"\n")
}

func TestHub_SnapshotIsCapabilitiesThenState(t *testing.T) {
	h := NewHub()
	first := wire.Capabilities{Backend: "b", Model: "old"}
	second := wire.Capabilities{Backend: "a", Embed: true}
	renewed := wire.Capabilities{Backend: "b", Model: "new"}
	loading := wire.LoadingModel{Phase: wire.PhaseMmap{Path: "model.gguf"}}
	for _, ev := range []wire.AdminEvent{loading, first, second, renewed} {
		h.Publish(ev)
	}
	s := h.Subscribe()
	defer s.Close()
	expectNext(t, s, frames(renewed, second, loading))

	state, caps := h.Snapshot()
	if diff := cmp.Diff([]wire.Capabilities{renewed, second}, caps); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wire.AdminEvent(loading), state); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestHub_SnapshotIsACopy(t *testing.T) {
	h := NewHub()
	h.Publish(wire.Capabilities{Backend: "a", Slots: 4})
	_, caps := h.Snapshot()
	caps[0].Slots = 9
	if _, again := h.Snapshot(); again[0].Slots != 4 {
		t.Error("changing a snapshot changed the hub")
	}
}

func TestHub_PassesEventsOnInOrder(t *testing.T) {
	h := NewHub()
	s := h.Subscribe()
	defer s.Close()
	expectNext(t, s, frames(wire.Starting{}))
	caps := wire.Capabilities{Backend: "a"}
	for _, ev := range []wire.AdminEvent{caps, wire.Ready{}, wire.Restarting{Phase: "engine exited"}} {
		h.Publish(ev)
	}
	expectNext(t, s, frames(caps, wire.Ready{}, wire.Restarting{Phase: "engine exited"}))
	h.Publish(wire.Draining{})
	expectNext(t, s, frames(wire.Draining{}))
}

func TestHub_NothingFollowsFailed(t *testing.T) {
	h := NewHub()
	s := h.Subscribe()
	defer s.Close()
	failed := wire.Failed{Reason: "model not found"}
	h.Publish(failed)
	h.Publish(wire.Ready{})
	h.Publish(wire.Capabilities{Backend: "late"})
	h.Close()
	expectNext(t, s, frames(wire.Starting{}, failed))
	expectEnd(t, s, io.EOF)
	state, caps := h.Snapshot()
	if diff := cmp.Diff(wire.AdminEvent(failed), state); diff != "" || len(caps) != 0 {
		t.Errorf("state (-want +got):\n%s\nand capabilities %v", diff, caps)
	}
}

func TestHub_CloseEndsSubscriptionsAfterWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		busy, idle := h.Subscribe(), h.Subscribe()
		expectNext(t, idle, frames(wire.Starting{}))
		ended := make(chan error)
		go func() {
			_, err := idle.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()

		h.Publish(wire.Draining{})
		if err := <-ended; err != nil {
			t.Fatalf("idle missed the last event: %v", err)
		}
		h.Close()
		h.Close()
		h.Publish(wire.Ready{})
		expectEnd(t, idle, io.EOF)
		expectNext(t, busy, frames(wire.Starting{}, wire.Draining{}))
		expectEnd(t, busy, io.EOF)
		expectEnd(t, busy, io.EOF)

		late := h.Subscribe()
		expectNext(t, late, frames(wire.Draining{}))
		expectEnd(t, late, io.EOF)
	})
}

func TestSubscription_NextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		s := h.Subscribe()
		expectNext(t, s, frames(wire.Starting{}))
		type answer struct {
			frames string
			err    error
		}
		next := func(ctx context.Context) chan answer {
			c := make(chan answer, 1)
			go func() {
				got, err := s.Next(ctx)
				c <- answer{string(got), err}
			}()
			synctest.Wait()
			if len(c) > 0 {
				t.Fatalf("next did not wait: %+v", <-c)
			}
			return c
		}

		c := next(t.Context())
		h.Publish(wire.Ready{})
		if got := <-c; got.frames != frames(wire.Ready{}) || got.err != nil {
			t.Errorf("woken with %+v", got)
		}

		cause := errors.New("client gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		c = next(ctx)
		cancel(cause)
		if got := <-c; !errors.Is(got.err, cause) {
			t.Errorf("got %+v, want %v", got, cause)
		}

		c = next(t.Context())
		h.Close()
		if got := <-c; !errors.Is(got.err, io.EOF) {
			t.Errorf("got %+v, want EOF", got)
		}
	})
}

func TestSubscription_CloseWakesNextAndLeavesTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub()
		s := h.Subscribe()
		expectNext(t, s, frames(wire.Starting{}))
		ended := make(chan error)
		go func() {
			_, err := s.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		s.Close()
		s.Close()
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want EOF", err)
		}
		h.Publish(wire.Ready{})
		expectEnd(t, s, io.EOF)
		if len(h.subscribers) != 0 {
			t.Errorf("%d subscribers are left in the hub", len(h.subscribers))
		}
	})
}

func TestSubscription_MayBe256FramesBehindAndNoMore(t *testing.T) {
	h := NewHub()
	h.Publish(wire.Capabilities{Backend: "a"})
	behind, further := h.Subscribe(), h.Subscribe()
	defer behind.Close()
	for n := range 256 {
		h.Publish(step(n))
	}
	got, err := behind.Next(t.Context())
	if err != nil {
		t.Fatalf("256 frames behind: %v", err)
	}
	if lines := strings.Count(string(got), "\n"); lines != 2+256 {
		t.Errorf("took %d frames, want the snapshot's 2 and 256", lines)
	}
	h.Publish(wire.Ready{})
	expectEnd(t, further, ErrSlow)
	h.Close()
	expectEnd(t, further, ErrSlow)
	expectNext(t, behind, frames(wire.Ready{}))
}

func TestSubscription_BoundIsTheSameAfterTheSnapshotIsTaken(t *testing.T) {
	h := NewHub()
	s := h.Subscribe()
	expectNext(t, s, frames(wire.Starting{}))
	for n := range 257 {
		h.Publish(step(n))
	}
	expectEnd(t, s, ErrSlow)
}
