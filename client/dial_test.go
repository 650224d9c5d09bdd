package client_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// events are admin frames as the daemon sends them.
func events(list ...wire.AdminEvent) step {
	var frames []byte
	for _, e := range list {
		frames = e.Append(frames)
	}
	return send(string(frames))
}

var loading = wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: 0.5}}

func TestDial_SaysWhereItLookedWhenThereIsNoDaemon(t *testing.T) {
	dir := shortDir(t)
	_, err := client.Dial(t.Context(), client.Options{Dir: dir})
	absent, ok := errors.AsType[*client.NotRunningError](err)
	if !ok || !errors.Is(err, client.ErrNotRunning) {
		t.Fatalf("error is %v, want a NotRunningError", err)
	}
	path := transport.EndpointIn(dir, transport.V1).Path
	if len(absent.Tried) != 1 || !strings.Contains(absent.Tried[0].Error(), path) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v, want one that names %s", err, path)
	}
}

func TestDial_TakesASocketThatNobodyServesForAbsent(t *testing.T) {
	dir := shortDir(t)
	ln, err := net.Listen("unix", transport.EndpointIn(dir, transport.V1).Path)
	if err != nil {
		t.Fatal(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Dial(t.Context(), client.Options{Dir: dir}); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("error is %v, want client.ErrNotRunning", err)
	}
}

func TestDial_SaysInWhichStateADaemonIsThatTakesNoRequests(t *testing.T) {
	dir := shortDir(t)
	play(t, dir, transport.Admin, []step{events(wire.Capabilities{Backend: "b"}, loading), awaitClose})
	_, err := client.Dial(t.Context(), client.Options{Dir: dir})
	notReady, ok := errors.AsType[*client.NotReadyError](err)
	if !ok || notReady.State != wire.AdminEvent(loading) {
		t.Errorf("error is %v, want a NotReadyError with the state", err)
	}
}

func TestDial_ReturnsTheReasonOfADaemonThatFailed(t *testing.T) {
	for _, wait := range []bool{false, true} {
		dir := shortDir(t)
		play(t, dir, transport.Admin, []step{events(wire.Capabilities{Backend: "b"}, wire.Failed{Reason: "no engine"}), awaitClose})
		_, err := client.Dial(t.Context(), client.Options{Dir: dir, WaitReady: wait})
		failed, ok := errors.AsType[*client.FailedError](err)
		if !ok || failed.Reason != "no engine" {
			t.Errorf("wait %v: error is %v, want the daemon's reason", wait, err)
		}
	}
}

func TestDial_WaitsUntilTheDaemonIsReady(t *testing.T) {
	dir, bound := shortDir(t), make(chan struct{})
	play(t, dir, transport.Admin, []step{
		events(wire.Starting{}, loading), await(bound), events(wire.Ready{}), awaitClose,
	})
	var seen []wire.AdminEvent
	c, err := client.Dial(t.Context(), client.Options{Dir: dir, WaitReady: true, OnEvent: func(e wire.AdminEvent) {
		seen = append(seen, e)
		if e == wire.AdminEvent(loading) {
			play(t, dir, transport.V1, []step{awaitClose})
			close(bound)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if diff := cmp.Diff([]wire.AdminEvent{wire.Starting{}, loading, wire.Ready{}}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestDial_WaitsForADaemonThatIsNotThereYet(t *testing.T) {
	dir := filepath.Join(shortDir(t), "run")
	first, next := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(next)
		<-first
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Error(err)
		}
	}()
	result := make(chan error, 1)
	go func() {
		close(first)
		c, err := client.Dial(t.Context(), client.Options{Dir: dir, WaitReady: true})
		if err == nil {
			err = c.Close()
		}
		result <- err
	}()
	<-next
	play(t, dir, transport.V1, []step{awaitClose})
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestDial_StopsWaitingWhenTheContextEnds(t *testing.T) {
	cause := errors.New("enough")
	t.Run("without a daemon", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		cancel(cause)
		if _, err := client.Dial(ctx, client.Options{Dir: shortDir(t), WaitReady: true}); !errors.Is(err, cause) {
			t.Errorf("error is %v, want the cause", err)
		}
	})
	t.Run("while it loads", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		dir := shortDir(t)
		play(t, dir, transport.Admin, []step{events(loading), awaitClose})
		_, err := client.Dial(ctx, client.Options{Dir: dir, WaitReady: true, OnEvent: func(wire.AdminEvent) { cancel(cause) }})
		if !errors.Is(err, cause) {
			t.Errorf("error is %v, want the cause", err)
		}
	})
}
