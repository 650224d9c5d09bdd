package server_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// event reads one frame of the admin surface.
func (c *client) event() wire.AdminEvent {
	c.t.Helper()
	frame, err := c.frames.Next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	event, err := wire.DecodeAdminEvent(frame)
	if err != nil {
		c.t.Fatalf("decode %s: %v", frame, err)
	}
	return event
}

func (c *client) expectEvents(want ...wire.AdminEvent) {
	c.t.Helper()
	got := make([]wire.AdminEvent, 0, len(want))
	for range want {
		got = append(got, c.event())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Fatalf("events (-want +got):\n%s", diff)
	}
}

func TestAdmin_SendsSnapshotThenEveryEvent(t *testing.T) {
	h := start(t, says())
	caps := wire.Capabilities{Backend: "a", Accelerator: wire.AcceleratorCPU, WireVersion: 1}
	early := h.dial(transport.Admin)
	early.expectEvents(wire.Starting{})
	h.hub.Publish(caps)
	h.hub.Publish(wire.Ready{})
	early.expectEvents(caps, wire.Ready{})
	late := h.dial(transport.Admin)
	late.expectEvents(caps, wire.Ready{})
	h.hub.Publish(wire.Draining{})
	early.expectEvents(wire.Draining{})
	late.expectEvents(wire.Draining{})
}

func TestAdmin_DropsWhatTheClientWrites(t *testing.T) {
	h := start(t, says())
	c := h.dial(transport.Admin)
	c.expectEvents(wire.Starting{})
	if _, err := c.Write(bytes.Repeat([]byte("anything\n"), 100_000)); err != nil {
		t.Fatal(err)
	}
	c.closeWrite() // a watcher need not keep its own side open
	h.hub.Publish(wire.Ready{})
	c.expectEvents(wire.Ready{})
}

func TestAdmin_DeliversTheLastEventsBeforeItCloses(t *testing.T) {
	h := start(t, says())
	c := h.dial(transport.Admin)
	c.expectEvents(wire.Starting{})
	h.hub.Publish(wire.Failed{Reason: "no model"})
	h.stop()
	c.expectEvents(wire.Failed{Reason: "no model"})
	c.ended()
}

func TestAdmin_SubscriberThatNeverReadsIsCutOff(t *testing.T) {
	h := startWith(t, options{
		limits: queue.Limits{Active: 1}, backends: []backend.Backend{&scripted{}}, writeTimeout: 50 * time.Millisecond,
	})
	stuck, fine := h.dial(transport.Admin), h.dial(transport.Admin)
	stuck.expectEvents(wire.Starting{})
	fine.expectEvents(wire.Starting{})
	event := wire.Restarting{Phase: strings.Repeat("x", 10_000)}
	for range 100 { // more than a socket holds
		h.hub.Publish(event)
		fine.expectEvents(event)
	}
	deadline := time.Now().Add(giveUp)
	for !strings.Contains(h.log.String(), "admin client cut off") {
		if time.Now().After(deadline) {
			t.Fatal("the subscriber that takes nothing is not cut off")
		}
		time.Sleep(time.Millisecond)
	}
	h.hub.Publish(wire.Ready{})
	fine.expectEvents(wire.Ready{})
}

func (c *client) reply() wire.ControlReply {
	c.t.Helper()
	frame, err := c.frames.Next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	reply, err := wire.DecodeControlReply(frame)
	if err != nil {
		c.t.Fatalf("decode %s: %v", frame, err)
	}
	return reply
}

func TestControl_AnswersItsCommands(t *testing.T) {
	h := start(t, says())
	c := h.dial(transport.Control)
	c.send(`{"cmd":"status"}`, `{"cmd":"drain"}`, `{"cmd":"dance"}`, `{"cmd":"reload"}`, `{"cmd":"status"}`)
	if r := c.reply(); r.Status == nil || r.Status.Version != "test" || r.Status.State != "ready" || !r.Final {
		t.Errorf("status: got %+v", r)
	}
	if r := c.reply(); !r.OK || !r.Final {
		t.Errorf("drain: got %+v", r)
	}
	await(t, h.drains, "the drain")
	if r := c.reply(); r.Error == nil || r.Error.Code != wire.CodeInvalidRequest || !strings.Contains(r.Error.Message, "status") || !r.Final {
		t.Errorf("unknown command: got %+v", r)
	}
	if r := c.reply(); r.Reload == nil || !slices.Equal(r.Reload.Applied, []string{"log_level"}) || !r.Final {
		t.Errorf("reload: got %+v", r)
	}
	if r := c.reply(); r.Status == nil {
		t.Errorf("status after an unknown command: got %+v", r)
	}
}

func TestControl_ClosesAfterAFrameThatIsNoCommand(t *testing.T) {
	h := start(t, says())
	frames := map[string]struct {
		frame string
		code  wire.Code
	}{
		"not JSON":   {`status`, wire.CodeInvalidRequest},
		"wrong type": {`{"cmd":5}`, wire.CodeInvalidRequest},
		"too long":   {`{"cmd":"` + strings.Repeat("x", 64<<10) + `"}`, wire.CodeFrameTooLarge},
	}
	for name, test := range frames {
		t.Run(name, func(t *testing.T) {
			c := h.dial(transport.Control)
			c.send(test.frame)
			if r := c.reply(); r.Error == nil || r.Error.Code != test.code || !r.Final {
				t.Errorf("got %+v", r)
			}
			c.ended()
		})
	}
}
