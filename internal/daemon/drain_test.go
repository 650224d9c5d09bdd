package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func configWithMock(t *testing.T) daemon.Config {
	t.Helper()
	return daemontest.Config(t, mock.Config{})
}

func TestDaemon_DrainEndsEveryRequestWithATerminalFrame(t *testing.T) {
	const running, waiting = 50, 50
	cfg := daemontest.Config(t, mock.Config{Tokens: strings.Fields(strings.Repeat("word ", 20)), TokenDelay: 20 * time.Millisecond})
	cfg.Queue.Active = running
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	clients := make([]*daemontest.Client, running+waiting)
	for i := range clients {
		clients[i] = d.V1()
		clients[i].Ask(fmt.Sprint(i), "go", "")
		if i == running-1 {
			d.AwaitQueue(running, 0)
		}
	}
	d.AwaitQueue(running, waiting)
	d.Drain()
	for i, c := range clients {
		text, last := c.Answer()
		if last.RequestID() != fmt.Sprint(i) {
			t.Errorf("client %d got a frame for %s", i, last.RequestID())
		}
		if i < running {
			if done, ok := last.(*wire.V1Done); !ok || done.StopReason != wire.StopEnd || done.Content != text {
				t.Errorf("running request %d got %+v", i, last)
			}
			continue
		}
		if refused, ok := last.(*wire.V1Error); !ok || refused.Code != wire.CodeBackendUnavailable || !strings.Contains(refused.Message, "draining") {
			t.Errorf("waiting request %d got %+v", i, last)
		}
	}
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestDaemon_DrainTimeoutCancelsTheRest(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{Loop: true, TokenDelay: time.Millisecond})
	cfg.DrainTimeout = 50 * time.Millisecond
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	c := d.V1()
	c.Ask("1", "go", `,"max_tokens":1000000`)
	c.Next()
	d.Drain()
	text, last := c.Answer()
	if done, ok := last.(*wire.V1Done); !ok || done.StopReason != wire.StopCancelled || !strings.HasSuffix(done.Content, text) {
		t.Errorf("got %+v", last)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	c.Ended()
}

func TestDaemon_DrainKeepsConnectionsAndRefusesNewRequests(t *testing.T) {
	d := daemontest.New(t, mock.Config{Loop: true, TokenDelay: time.Millisecond})
	running, idle := d.V1(), d.V1()
	running.Ask("1", "go", `,"max_tokens":1000000`)
	running.Next()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	d.Drain()
	admin.Expect(wire.Draining{})
	for _, c := range []*daemontest.Client{idle, d.V1()} { // new connections too: the socket is still there
		c.Ask("2", "go", "")
		if last := c.Next(); !isDraining(last) {
			t.Errorf("got %+v", last)
		}
	}
	d.Cancel()
	if _, last := running.Answer(); last.(*wire.V1Done).StopReason != wire.StopCancelled {
		t.Errorf("got %+v", last)
	}
}

func isDraining(f wire.V1Response) bool {
	refused, ok := f.(*wire.V1Error)
	return ok && refused.Code == wire.CodeBackendUnavailable && strings.Contains(refused.Message, "draining")
}

func TestDaemon_EndOfContextStopsAtOnce(t *testing.T) {
	d := daemontest.New(t, mock.Config{Loop: true, TokenDelay: time.Millisecond})
	c := d.V1()
	c.Ask("1", "go", `,"max_tokens":1000000`)
	c.Next()
	d.Cancel()
	if _, last := c.Answer(); last.(*wire.V1Done).StopReason != wire.StopCancelled {
		t.Errorf("got %+v", last)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	c.Ended()
}

func TestDaemon_StopsWhenNobodyUsesIt(t *testing.T) {
	cfg := configWithMock(t)
	cfg.IdleExit = 50 * time.Millisecond
	d := daemontest.Start(t, cfg)
	admin := d.Admin() // a watcher is no user
	admin.Until(wire.Ready{})
	c := d.V1()
	c.Ask("1", "go", "")
	c.Answer()
	if s := d.Status(); s.State != "ready" {
		t.Errorf("with a connection open the state is %q", s.State)
	}
	c.Close()
	admin.Expect(wire.Draining{})
	if err := d.Wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if d.Bound(transport.V1) {
		t.Error("infer.sock is still there")
	}
}
