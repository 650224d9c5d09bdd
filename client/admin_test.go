package client_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func TestWatch_YieldsEventsUntilTheDaemonGoes(t *testing.T) {
	dir := shortDir(t)
	want := []wire.AdminEvent{wire.Capabilities{Backend: "b", WireVersion: 1}, loading, wire.Ready{}, wire.Draining{}}
	play(t, dir, transport.Admin, []step{events(want...)})
	var got []wire.AdminEvent
	for event, err := range client.Watch(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWatch_PassesOnEventsThatItDoesNotKnow(t *testing.T) {
	dir := shortDir(t)
	play(t, dir, transport.Admin, []step{send(`{"id":"admin","type":"status","status":"dancing","with":"bears"}` + "\n")})
	for event, err := range client.Watch(t.Context(), dir) {
		if _, ok := event.(*wire.UnknownAdmin); err != nil || !ok || event.Status() != "dancing" {
			t.Errorf("event is %#v, error %v, want an unknown one", event, err)
		}
	}
}

func TestWatch_EndsWithTheErrorOfAStreamThatIsNone(t *testing.T) {
	dir := shortDir(t)
	play(t, dir, transport.Admin, []step{events(wire.Ready{}), send("garbage\n"), awaitClose})
	var last error
	for _, err := range client.Watch(t.Context(), dir) {
		last = err
	}
	if _, ok := errors.AsType[*wire.MalformedError](last); !ok {
		t.Errorf("error is %v, want a wire.MalformedError", last)
	}
}

func TestWatch_ClosesWhenTheContextEndsOrTheLoopIsLeft(t *testing.T) {
	cause := errors.New("enough")
	dir := shortDir(t)
	script := []step{events(wire.Ready{}), awaitClose}
	play(t, dir, transport.Admin, script, script)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	for _, err := range client.Watch(ctx, dir) {
		last = err
		cancel(cause)
	}
	if !errors.Is(last, cause) {
		t.Errorf("error is %v, want the cause", last)
	}
	for range client.Watch(t.Context(), dir) {
		break
	}
}

func TestWatch_SaysThatThereIsNoDaemon(t *testing.T) {
	for _, err := range client.Watch(t.Context(), shortDir(t)) {
		if !errors.Is(err, client.ErrNotRunning) {
			t.Errorf("error is %v, want client.ErrNotRunning", err)
		}
	}
}

func TestStatus_ReturnsTheDaemonsAnswer(t *testing.T) {
	dir := shortDir(t)
	want := &wire.ControlStatus{Version: "v1", PID: 7, State: "ready", Sockets: []string{"a"}}
	reply := wire.ControlReply{Status: want, Final: true}
	play(t, dir, transport.Control, []step{expect(`{"cmd":"status"}`), send(string(reply.Append(nil))), awaitClose})
	got, err := client.Status(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDrain_ReturnsWithTheFinalReply(t *testing.T) {
	dir := shortDir(t)
	play(t, dir, transport.Control, []step{
		expect(`{"cmd":"drain"}`), send(`{"ok":true}` + "\n" + `{"ok":true,"final":true}` + "\n"), awaitClose,
	})
	if err := client.Drain(t.Context(), dir); err != nil {
		t.Error(err)
	}
}

func TestReload_ReturnsWhatBecameOfIt(t *testing.T) {
	dir := shortDir(t)
	want := &wire.ControlReload{Applied: []string{"log_level"}, NeedsRestart: []wire.ReloadPending{{Key: "listen.tcp", Reason: "r"}}, Problems: []string{"p"}}
	reply := wire.ControlReply{Reload: want, Final: true}
	play(t, dir, transport.Control, []step{expect(`{"cmd":"reload"}`), send(string(reply.Append(nil))), awaitClose})
	got, err := client.Reload(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	other := shortDir(t)
	play(t, other, transport.Control, []step{expect(`{"cmd":"reload"}`), send(`{"ok":true,"final":true}` + "\n"), awaitClose})
	if _, err := client.Reload(t.Context(), other); err == nil {
		t.Error("took an answer without a reload for one")
	}
}

func TestControl_ReportsWhatIsNoFinalReply(t *testing.T) {
	for name, c := range map[string]struct {
		script []step
		want   func(error) bool
	}{
		"early close": {
			[]step{expect(`{"cmd":"status"}`)},
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
		},
		"garbage": {
			[]step{expect(`{"cmd":"status"}`), send("garbage\n"), awaitClose},
			func(err error) bool { return err != nil },
		},
		"final without a status": {
			[]step{expect(`{"cmd":"status"}`), send(`{"ok":true,"final":true}` + "\n"), awaitClose},
			func(err error) bool { return err != nil },
		},
		"refusal": {
			[]step{expect(`{"cmd":"status"}`), send(`{"error":{"code":"invalid_request","message":"no such command"},"final":true}` + "\n"), awaitClose},
			func(err error) bool {
				refusal, ok := errors.AsType[*client.ServerError](err)
				return ok && refusal.Code == wire.CodeInvalidRequest
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			play(t, dir, transport.Control, c.script)
			if _, err := client.Status(t.Context(), dir); !c.want(err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestControl_StopsWhenTheContextEnds(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	dir := shortDir(t)
	play(t, dir, transport.Control, []step{
		expect(`{"cmd":"drain"}`), func(*peer) bool { cancel(cause); return true }, awaitClose,
	})
	if err := client.Drain(ctx, dir); !errors.Is(err, cause) {
		t.Errorf("error is %v, want the cause", err)
	}
}
