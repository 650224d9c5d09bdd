// Package daemon is the composition root: it puts the parts together, starts
// them in order, follows what happens to the backends, and takes everything
// down again. What the parts do is their own business; here is only what comes
// first, what waits for what, and who is told.
package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/transport"
)

// Config is what a daemon runs with.
type Config struct {
	config.Config
	// RuntimeDir holds the sockets and the lock; empty is the user's own.
	RuntimeDir string
	Version    string
	// WorkerPath is the engine worker's program.
	WorkerPath string
	// ModelsRoot is the folder of the model store.
	ModelsRoot string
	// EngineRoot is where engine packages are, unless config.Config says.
	EngineRoot string
	// IdleExit stops the daemon when no inference connection was open for so
	// long; 0 is never.
	IdleExit time.Duration
	// Log is required.
	Log *slog.Logger
	// LogLevel is the level of Log, for a reload to change; nil where Log has none.
	LogLevel *slog.LevelVar
	// Reload reads the configuration again, as it was read for the start; nil is
	// a daemon whose configuration can't change.
	Reload func() (config.Config, error)

	// The rest is for tests.

	// Swapper exchanges backends while the daemon serves; nil is the daemon.
	Swapper Swapper
	// ReadyMade are backends beside the configured ones, tried after them.
	ReadyMade []backend.Backend
	// NewLocal makes the backends of kind llamacpp; nil makes real ones.
	NewLocal func(config.Backend, Events) Supervised
	// Fits reports whether the coming backends can be loaded while the running
	// ones still are; nil goes by the memory plans of their models.
	Fits func(running, coming []config.Backend) bool
	// WriteTimeout is server.Config's.
	WriteTimeout time.Duration
}

// Daemon is one daemon, to be run once. Drain, Reload and Swap may be called from
// anywhere; they are safe for concurrent use.
type Daemon struct {
	cfg      Config
	begun    time.Time
	draining chan struct{} // closed by the first Drain
	drain    sync.Once

	reloading chan struct{} // holds a token while there is a reload
	// changed tells the loop that the configuration is another; it closes what it
	// is given once that is in force.
	changed chan chan struct{}
	swaps   chan *change
	ended   chan struct{} // closed by end, when there is no loop any more
	end     func()

	// mu guards the fields below.
	mu sync.Mutex
	// prints are what the models of the running backends stood for, by name.
	prints map[string]string
	// running is the configuration in force: cfg's, and what reloads changed.
	running config.Config
}

// New returns a daemon that does nothing before Run.
func New(cfg Config) *Daemon {
	if cfg.Log == nil {
		panic("daemon: Config.Log is missing")
	}
	d := &Daemon{
		cfg: cfg, begun: time.Now(), draining: make(chan struct{}),
		reloading: make(chan struct{}, 1), changed: make(chan chan struct{}), ended: make(chan struct{}),
		swaps: make(chan *change), running: cfg.Config,
	}
	if cfg.Swapper == nil {
		d.cfg.Swapper = d
	}
	d.end = sync.OnceFunc(func() { close(d.ended) })
	return d
}

// Drain begins the graceful stop, in whatever state the daemon is, and returns
// at once. Calls after the first do nothing.
func (d *Daemon) Drain() {
	d.drain.Do(func() { close(d.draining) })
}

// Run starts the daemon and returns when it has stopped and released all that
// it held: nil after Drain or when ctx ended, otherwise what went wrong, for
// ExitCode. The end of ctx stops at once, also during a drain.
func (d *Daemon) Run(ctx context.Context) error {
	defer d.end()
	dir := d.cfg.RuntimeDir
	if dir == "" {
		var err error
		if dir, err = transport.DefaultDir(); err != nil {
			return fmt.Errorf("find runtime directory: %w", err)
		}
	}
	if err := transport.PrepareDir(dir); err != nil {
		return err
	}
	// The lock comes before any socket: only its holder may replace one.
	lock, err := disk.Lock(transport.LockPath(dir))
	if err != nil {
		return fmt.Errorf("take the lock: %w", err)
	}
	r, err := d.newRun(dir)
	if err == nil {
		err = r.run(ctx)
	}
	r.step("release lock", func() { lock.Close() })
	return err
}
