package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/schema"
	"github.com/inferd/inferd/internal/server"
	"github.com/inferd/inferd/internal/status"
	"github.com/inferd/inferd/internal/transport"
)

// run is one run of a daemon, from the lock to its release.
type run struct {
	daemon *Daemon
	dir    string
	log    *slog.Logger

	hub     *status.Hub
	gate    *queue.Gate
	router  *router.Router
	watcher *transport.Watcher
	server  *server.Server

	events   chan event
	stopping chan struct{} // closed when nobody reads events any more

	ready chan struct{} // closed when the request surfaces open for the first time

	// The loop's own, below.
	state     state
	restarted string // the last phase published of a restart
	bound     map[transport.Surface]bool
	line      line
	swap      *swap    // the one under way; nil if none is
	replies   []func() // to who waits for what has come into force

	// bind opens a request surface; startUnit runs a backend; weigh looks whether
	// there is room for a swap's; cancelRequests ends all that runs.
	bind           func(transport.Surface) error
	startUnit      func(*unit)
	weigh          func(s *swap, running, coming []config.Backend)
	cancelRequests func()

	workers    sync.WaitGroup // Run of the backends
	background sync.WaitGroup // accept loops and the watchers

	// mu guards the fields below.
	mu        sync.Mutex
	listeners []*transport.Listener
	units     []*unit // in the order of the router; only the loop changes them, and why one failed
}

// state is where in its life the daemon is.
type state uint8

const (
	loading state = iota // never ready yet
	serving
	restarting // was ready; what generated can't now, or nothing can serve
)

var errNoBackend = errors.New("no backend is configured")

// newRun makes all the parts; nothing of it runs yet.
func (d *Daemon) newRun(dir string) (*run, error) {
	r := &run{
		daemon: d, dir: dir, log: d.cfg.Log,
		hub:      status.NewHub(),
		events:   make(chan event),
		stopping: make(chan struct{}),
		ready:    make(chan struct{}),
		bound:    make(map[transport.Surface]bool),
	}
	r.units = r.firstUnits()
	if len(r.units) == 0 {
		return r, errNoBackend
	}
	var err error
	if r.watcher, err = transport.NewWatcher(); err != nil {
		return r, fmt.Errorf("make connection watcher: %w", err)
	}
	r.gate = queue.New(queue.Limits(d.current().Queue))
	r.router = router.New(backendsOf(r.units))
	r.server = server.New(server.Config{
		Log: r.log, Gate: r.gate, Router: r.router, Hub: r.hub, Watcher: r.watcher,
		Status: r.status, Drain: d.Drain, Reload: d.Reload, CompileSchema: schema.Check, WriteTimeout: d.cfg.WriteTimeout,
	})
	return r, nil
}

// run is everything between the making of the parts and the lock's release.
func (r *run) run(ctx context.Context) error {
	// What must outlive ctx, so that the way down is in order, has its own end.
	lasting := context.WithoutCancel(ctx)
	backends, stopBackends := context.WithCancel(lasting)
	defer stopBackends()
	requests, cancelRequests := context.WithCancelCause(lasting)
	defer cancelRequests(nil)
	watching, stopWatching := context.WithCancel(lasting)
	defer stopWatching()
	r.bind = func(s transport.Surface) error { return r.listen(requests, transport.EndpointIn(r.dir, s)) }
	r.startUnit = func(u *unit) { r.start(backends, u) }
	r.weigh = func(s *swap, running, coming []config.Backend) {
		r.workers.Go(func() { r.send(event{kind: eventWeighed, swap: s, fits: r.fits(backends, running, coming)}) })
	}
	r.cancelRequests = func() { cancelRequests(server.ErrShutdown) }
	r.background.Go(func() { r.watch(watching) })

	err := r.open(lasting)
	if err == nil {
		err = r.begin(backends)
	}
	if err == nil {
		err = r.loop(ctx)
	}
	r.daemon.end()
	close(r.stopping)
	r.dropSwap()
	r.stop(ctx, err, stopBackends)
	stopWatching()
	r.background.Wait()
	return err
}

// watch runs what looks after connections until ctx ends.
func (r *run) watch(ctx context.Context) {
	if r.daemon.cfg.IdleExit > 0 {
		r.background.Go(func() { r.exitWhenIdle(ctx) })
	}
	if err := r.watcher.Run(ctx); err != nil && ctx.Err() == nil {
		r.log.Error("watch connections", slog.Any("error", err))
	}
}

// open binds the surfaces that are there in every state, and clears those that
// are not yet: a socket there is a sign of being ready.
func (r *run) open(ctx context.Context) error {
	for _, surface := range requestSurfaces {
		if err := transport.RemoveStale(transport.EndpointIn(r.dir, surface)); err != nil {
			return fmt.Errorf("open socket: %w", err)
		}
	}
	endpoints := []transport.Endpoint{transport.EndpointIn(r.dir, transport.Admin)}
	if path := r.daemon.cfg.AdminAddr; path != "" {
		endpoints = append(endpoints, transport.Endpoint{Surface: transport.Admin, Path: path})
	}
	for _, e := range append(endpoints, transport.EndpointIn(r.dir, transport.Control)) {
		if err := r.listen(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// listen binds an endpoint and starts its accept loop. ctx is the base of all
// that is asked for there.
func (r *run) listen(ctx context.Context, e transport.Endpoint) error {
	ln, err := transport.Listen(e)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	r.mu.Lock()
	r.listeners = append(r.listeners, ln)
	r.mu.Unlock()
	r.background.Go(func() { r.server.Serve(ctx, ln) })
	return nil
}

// unlisten closes the listeners of the surfaces and removes their sockets.
// Connections that are open stay so.
func (r *run) unlisten(surfaces ...transport.Surface) {
	r.mu.Lock()
	var kept, closed []*transport.Listener
	for _, ln := range r.listeners {
		if slices.Contains(surfaces, ln.Endpoint().Surface) {
			closed = append(closed, ln)
		} else {
			kept = append(kept, ln)
		}
	}
	r.listeners = kept
	r.mu.Unlock()
	for _, ln := range closed {
		if err := ln.Close(); err != nil {
			r.log.Warn("close socket", slog.String("path", ln.Endpoint().Path), slog.Any("error", err))
		}
	}
}
