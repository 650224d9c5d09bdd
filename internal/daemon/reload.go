package daemon

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/wire"
)

// Swapper exchanges the backends of a running daemon.
type Swapper interface {
	// Swap puts the backends of a configuration in the place of those that
	// serve, and returns when they do. After an error, or the end of ctx, the
	// old ones serve as before.
	Swap(ctx context.Context, cfg config.Config) error
}

var (
	errStopping = errors.New("the daemon is stopping: the configuration is not read any more")
	errNoReload = errors.New("this daemon has no configuration to read again")
)

// Reload reads the configuration again and takes over what can change while the
// daemon runs. One with a mistake is refused as a whole: the old one stays in
// force. It returns when all of it is done, or with the end of ctx or of the
// daemon; a second call waits for the first.
func (d *Daemon) Reload(ctx context.Context) wire.ControlReload {
	ctx, release := d.whileItRuns(ctx)
	defer release()
	reply, err := d.reload(ctx)
	if err != nil {
		reply.Problems = append(reply.Problems, problemsOf(err)...)
	}
	pending := make([]string, len(reply.NeedsRestart))
	for i, p := range reply.NeedsRestart {
		pending[i] = p.Key + " (" + p.Reason + ")"
	}
	level := slog.LevelInfo
	switch {
	case len(reply.Problems) > 0:
		level = slog.LevelError
	case len(pending) > 0:
		level = slog.LevelWarn
	}
	d.cfg.Log.LogAttrs(ctx, level, "reload", slog.Any("applied", reply.Applied),
		slog.Any("needs_restart", pending), slog.Any("problems", reply.Problems))
	return reply
}

// whileItRuns is ctx until the daemon stops. Call release in the end.
func (d *Daemon) whileItRuns(ctx context.Context) (while context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-d.ended:
			cancel(errStopping)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watching.Wait()
	}
}

func (d *Daemon) reload(ctx context.Context) (reply wire.ControlReload, err error) {
	select {
	case d.reloading <- struct{}{}:
		defer func() { <-d.reloading }()
	case <-ctx.Done():
		return reply, context.Cause(ctx)
	}
	if d.cfg.Reload == nil {
		return reply, errNoReload
	}
	next, err := d.cfg.Reload()
	if err != nil {
		return reply, err
	}
	changes := config.Compare(d.current(), next)
	for _, p := range changes.Restart {
		reply.NeedsRestart = append(reply.NeedsRestart, wire.ReloadPending(p))
	}
	if err := d.takeLive(ctx, next); err != nil {
		return reply, err
	}
	reply.Applied = changes.Live
	return reply, d.swap(ctx, next, changes, &reply)
}

// takeLive puts what is live in next in force.
func (d *Daemon) takeLive(ctx context.Context, next config.Config) error {
	running := d.current().TakeLive(next)
	d.setCurrent(running)
	if d.cfg.LogLevel != nil {
		d.cfg.LogLevel.Set(running.LogLevel)
	}
	inForce := make(chan struct{})
	select {
	case d.changed <- inForce:
		<-inForce
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// swap exchanges the backends, where they differ, and says what became of it.
func (d *Daemon) swap(ctx context.Context, next config.Config, changes config.Changes, reply *wire.ControlReload) error {
	replaced := d.replaced(next.Backends)
	if !changes.Backends() && len(replaced) == 0 {
		return nil
	}
	var keys []string
	for _, name := range slices.Concat(changes.Added, changes.Changed, changes.Removed) {
		keys = append(keys, "backends["+name+"]")
	}
	for _, name := range replaced {
		if key := "backends[" + name + "]"; !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		keys = []string{"backends"} // in another order
	}
	running := d.current().TakeBackends(next)
	if err := d.cfg.Swapper.Swap(ctx, running); err != nil {
		return &swapError{err}
	}
	d.setCurrent(running)
	reply.Applied = append(reply.Applied, keys...)
	return nil
}

// swapError means that the new backends do not serve.
type swapError struct{ err error }

func (e *swapError) Error() string {
	return "backends: " + e.err.Error() + "; the old ones go on serving"
}

func (e *swapError) Unwrap() error { return e.err }

// problemsOf are the lines that say what err is.
func problemsOf(err error) []string {
	all, ok := errors.AsType[*config.Error](err)
	if !ok {
		return []string{err.Error()}
	}
	lines := make([]string, len(all.Problems))
	for i, p := range all.Problems {
		lines[i] = p.Error()
	}
	return lines
}

// current is the configuration in force.
func (d *Daemon) current() config.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running
}

func (d *Daemon) setCurrent(running config.Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = running
}
