package daemon_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// source is a configuration that a test changes under the daemon.
type source struct {
	// mu guards the fields below.
	mu   sync.Mutex
	next config.Config
	err  error
}

func (s *source) set(change func(*config.Config), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change != nil {
		change(&s.next)
	}
	s.err = err
}

func (s *source) read() (config.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.err
}

// swapper is a daemon.Swapper that does what the test says.
type swapper func(context.Context, config.Config) error

func (s swapper) Swap(ctx context.Context, cfg config.Config) error { return s(ctx, cfg) }

// reloadable is what a daemon runs with whose configuration can be read again.
func reloadable(t *testing.T) (daemon.Config, *source) {
	t.Helper()
	cfg := daemontest.Config(t)
	cfg.Backends = []config.Backend{{Kind: config.KindMock, Name: "m"}}
	cfg.LogLevel = &slog.LevelVar{}
	s := &source{next: cfg.Config}
	cfg.Reload = s.read
	return cfg, s
}

func reload(t *testing.T, d *daemontest.Daemon) wire.ControlReload {
	t.Helper()
	reply := d.Command(wire.CmdReload)
	if reply.Reload == nil || !reply.Final {
		t.Fatalf("got %+v, want a reload", reply)
	}
	return *reply.Reload
}

func expectReload(t *testing.T, got, want wire.ControlReload) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reload (-want +got):\n%s", diff)
	}
}

func TestReload_TakesOverWhatIsLive(t *testing.T) {
	cfg, s := reloadable(t)
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	expectReload(t, reload(t, d), wire.ControlReload{})
	s.set(func(c *config.Config) {
		c.Queue = config.Queue{Active: 7, Waiting: 9}
		c.LogLevel = slog.LevelWarn
		c.EngineDir = "/elsewhere"
	}, nil)
	pending := []wire.ReloadPending{{Key: "engine_dir", Reason: "the workers have loaded the engine from the old one"}}
	expectReload(t, reload(t, d), wire.ControlReload{Applied: []string{"queue.active", "queue.waiting", "log_level"}, NeedsRestart: pending})
	if cfg.LogLevel.Level() != slog.LevelWarn {
		t.Errorf("the log's level is %v", cfg.LogLevel.Level())
	}
	// What waits for a restart is said until there is one.
	expectReload(t, reload(t, d), wire.ControlReload{NeedsRestart: pending})
	d.AwaitQueue(0, 0)
	if q := d.Status().Queue; q.ActiveLimit != 7 || q.WaitLimit != 9 {
		t.Errorf("queue is %+v, want the limits 7 and 9", q)
	}
}

func TestReload_LiveLimitsLetWaitingRequestsIn(t *testing.T) {
	cfg, s := reloadable(t)
	cfg.Queue.Active = 1
	cfg.Backends[0].Mock = config.Mock{Loop: true, TokenDelay: time.Millisecond}
	s.set(func(c *config.Config) { c.Backends, c.Queue.Active = cfg.Backends, 2 }, nil)
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	for _, id := range []string{"1", "2"} {
		d.V1().Ask(id, "hello", `,"max_tokens":1000000`)
	}
	d.AwaitQueue(1, 1)
	expectReload(t, reload(t, d), wire.ControlReload{Applied: []string{"queue.active"}})
	d.AwaitQueue(2, 0)
}

func TestReload_RefusesABadConfigAsAWhole(t *testing.T) {
	cfg, s := reloadable(t)
	d := daemontest.Start(t, cfg)
	s.set(func(c *config.Config) { c.Queue.Waiting = 1 }, &config.Error{Problems: []*config.Problem{
		{Source: "f", Line: 1, Key: "a", Message: "no"}, {Source: "f", Line: 2, Key: "b", Message: "neither"},
	}})
	expectReload(t, reload(t, d), wire.ControlReload{Problems: []string{"f:1: a: no", "f:2: b: neither"}})
	if q := d.Status().Queue; q.WaitLimit != 128 {
		t.Errorf("%d may wait, want the old limit", q.WaitLimit)
	}
	s.set(nil, errors.New("out of paper"))
	expectReload(t, reload(t, d), wire.ControlReload{Problems: []string{"out of paper"}})
}

func TestReload_ADaemonWithoutAConfigSaysSo(t *testing.T) {
	d := daemontest.New(t, mock.Config{})
	expectReload(t, reload(t, d), wire.ControlReload{Problems: []string{"this daemon has no configuration to read again"}})
}

func TestReload_ExchangesOtherBackends(t *testing.T) {
	cfg, s := reloadable(t)
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	s.set(func(c *config.Config) {
		c.Backends = []config.Backend{{Kind: config.KindMock, Name: "new", Mock: config.Mock{Tokens: []string{"new"}}}}
		c.Queue.Waiting = 1
	}, nil)
	expectReload(t, reload(t, d), wire.ControlReload{Applied: []string{"queue.waiting", "backends[new]", "backends[m]"}})
	c := d.V1()
	c.Ask("1", "hello", "")
	if text, last := c.Answer(); text != "new" || last.(*wire.V1Done).Backend != "new" {
		t.Errorf("got %q and %+v", text, last)
	}
}

func TestReload_GivesOtherBackendsToTheSwapper(t *testing.T) {
	cfg, s := reloadable(t)
	var outcome error
	var asked []config.Config // by reloads, which wait for each other
	cfg.Swapper = swapper(func(_ context.Context, c config.Config) error {
		asked = append(asked, c)
		return outcome
	})
	d := daemontest.Start(t, cfg)
	s.set(func(c *config.Config) {
		c.Backends = []config.Backend{{Kind: config.KindMock, Name: "new"}}
		c.Queue.Waiting, c.ModelsHome = 1, "/elsewhere"
	}, nil)
	pending := []wire.ReloadPending{{Key: "models_home", Reason: "the models that run are in the old store"}}

	outcome = errors.New("no memory")
	expectReload(t, reload(t, d), wire.ControlReload{
		Applied: []string{"queue.waiting"}, NeedsRestart: pending, Problems: []string{"backends: no memory; the old ones go on serving"},
	})
	outcome = nil // what failed is tried again
	expectReload(t, reload(t, d), wire.ControlReload{Applied: []string{"backends[new]", "backends[m]"}, NeedsRestart: pending})
	expectReload(t, reload(t, d), wire.ControlReload{NeedsRestart: pending})
	if len(asked) != 2 {
		t.Fatalf("swapped %d times, want 2", len(asked))
	}
	// It gets what runs from then on: nothing that waits for a restart.
	if c := asked[1]; c.Backends[0].Name != "new" || c.Queue.Waiting != 1 || c.ModelsHome != "" {
		t.Errorf("swapped to %+v", c)
	}
}

func TestReload_EndsWithTheDaemon(t *testing.T) {
	cfg, s := reloadable(t)
	begun := make(chan struct{})
	cfg.Swapper = swapper(func(ctx context.Context, _ config.Config) error {
		close(begun)
		<-ctx.Done()
		return context.Cause(ctx)
	})
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	s.set(func(c *config.Config) { c.Backends = nil }, nil)
	first := make(chan wire.ControlReload, 1)
	go func() { first <- d.Reload(context.Background()) }()
	<-begun
	// A second one waits for the first, and can be given up.
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	expectReload(t, d.Reload(ctx), wire.ControlReload{Problems: []string{"enough"}})
	d.Drain()
	const stopping = "the daemon is stopping: the configuration is not read any more"
	expectReload(t, <-first, wire.ControlReload{Problems: []string{"backends: " + stopping + "; the old ones go on serving"}})
	if err := d.Wait(); err != nil {
		t.Error(err)
	}
	expectReload(t, d.Reload(t.Context()), wire.ControlReload{Problems: []string{stopping}})
}

func TestReload_ChangesTheDrainTimeout(t *testing.T) {
	cfg, s := reloadable(t)
	cfg.Backends[0].Mock = config.Mock{Loop: true, TokenDelay: time.Millisecond}
	s.set(func(c *config.Config) { c.Backends, c.DrainTimeout = cfg.Backends, time.Millisecond }, nil)
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	d.V1().Ask("1", "hello", `,"max_tokens":1000000`)
	d.AwaitQueue(1, 0)
	expectReload(t, reload(t, d), wire.ControlReload{Applied: []string{"drain_timeout_ms"}})
	d.Drain()
	if err := d.Wait(); err != nil { // the old one would outlast the test
		t.Error(err)
	}
}

func TestDaemon_ServesAdminAtTheConfiguredPath(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{})
	cfg.AdminAddr = filepath.Join(daemontest.Dir(t), "lifecycle")
	d := daemontest.Start(t, cfg)
	d.WaitReady() // at admin.sock
	conn, err := transport.Dial(t.Context(), transport.Endpoint{Surface: transport.Admin, Path: cfg.AdminAddr})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	frames := wire.NewReader(conn)
	for {
		frame, err := frames.Next()
		if err != nil {
			t.Fatal(err)
		}
		event, err := wire.DecodeAdminEvent(frame)
		if err != nil {
			t.Fatal(err)
		}
		if event == (wire.Ready{}) {
			break
		}
	}
	if all := strings.Join(d.Status().Sockets, " "); !strings.Contains(all, cfg.AdminAddr) {
		t.Errorf("status has the sockets %s", all)
	}
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(cfg.AdminAddr + "*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestDaemon_DoesNotStartWhereAdminCanNotBe(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{})
	cfg.AdminAddr = filepath.Join(daemontest.Dir(t), "absent", "admin.sock")
	if err := daemon.New(cfg).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got %v", err)
	}
}

func TestDaemon_NeverReplacesABackendThatItCanNotRun(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{})
	cfg.Backends = []config.Backend{{Kind: config.KindOpenAI, Name: "lan"}}
	err := daemontest.Start(t, cfg).Wait()
	if _, ok := errors.AsType[*daemon.BackendError](err); !ok || !strings.Contains(err.Error(), "lan: backends of kind openai-compat are not built yet") {
		t.Errorf("got %v", err)
	}
}
