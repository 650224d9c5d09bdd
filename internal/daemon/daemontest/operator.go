package daemontest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Admin is a subscriber of the admin surface.
type Admin struct{ *Client }

// Admin subscribes to the lifecycle events.
func (d *Daemon) Admin() Admin {
	d.t.Helper()
	return Admin{d.Dial(transport.Admin)}
}

// Event reads the next event.
func (a Admin) Event() wire.AdminEvent {
	a.t.Helper()
	frame := a.Frame()
	event, err := wire.DecodeAdminEvent(frame)
	if err != nil {
		a.t.Fatalf("decode %s: %v", frame, err)
	}
	return event
}

// Until reads events up to the wanted one and returns those before it.
func (a Admin) Until(want wire.AdminEvent) (before []wire.AdminEvent) {
	a.t.Helper()
	for {
		event := a.Event()
		if cmp.Equal(event, want) {
			return before
		}
		before = append(before, event)
	}
}

// Expect fails the test unless these are the next events.
func (a Admin) Expect(want ...wire.AdminEvent) {
	a.t.Helper()
	for i, w := range want {
		if diff := cmp.Diff(w, a.Event()); diff != "" {
			a.t.Fatalf("event %d (-want +got):\n%s", i, diff)
		}
	}
}

// Command runs one command on the control surface.
func (d *Daemon) Command(cmd string) wire.ControlReply {
	d.t.Helper()
	c := d.Dial(transport.Control)
	defer c.Close()
	c.Send(fmt.Sprintf(`{"cmd":%q}`, cmd))
	reply, err := wire.DecodeControlReply(c.Frame())
	if err != nil {
		d.t.Fatal(err)
	}
	return reply
}

// Status is the answer to the status command.
func (d *Daemon) Status() wire.ControlStatus {
	d.t.Helper()
	reply := d.Command(wire.CmdStatus)
	if reply.Status == nil {
		d.t.Fatalf("got %+v, want a status", reply)
	}
	return *reply.Status
}

// AwaitQueue returns once so many requests run and wait.
func (d *Daemon) AwaitQueue(active, waiting int) {
	d.t.Helper()
	eventually(d.t, func() (string, bool) {
		q := d.Status().Queue
		return fmt.Sprintf("%+v", q), q.Active == active && q.Waiting == waiting
	})
}

// eventually returns once holds does, and fails the test with what it saw
// last if that never happens.
func eventually(t testing.TB, holds func() (seen string, ok bool)) {
	t.Helper()
	give := time.Now().Add(GiveUp)
	for {
		seen, ok := holds()
		if ok {
			return
		}
		if time.Now().After(give) {
			t.Fatalf("never came; last seen: %s", seen)
		}
		time.Sleep(time.Millisecond)
	}
}
