// Package server speaks with the clients: it accepts connections and runs the
// sessions of the text surface (v1), of the admin stream and of the control
// surface. It decodes and validates, and leaves the rest to others: the turn
// to the queue, the choice to the router, the answer to a backend. It knows
// nothing of the daemon's lifecycle; it is told when to stop.
package server

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/status"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Config is what a Server works with. All fields are required but the last two.
type Config struct {
	Log    *slog.Logger
	Gate   *queue.Gate
	Router *router.Router
	Hub    *status.Hub
	// Watcher tells when a client is gone; somebody else runs it.
	Watcher *transport.Watcher
	// Status answers the control surface's status command.
	Status func() wire.ControlStatus
	// Drain begins the daemon's graceful stop; it must not wait for it.
	Drain func()
	// Reload reads the configuration again, and answers the control surface's
	// reload command. It must end when the daemon stops.
	Reload func(context.Context) wire.ControlReload
	// WriteTimeout is how long a client may take nothing of its answer before
	// it is cut off; 0 is 30 seconds.
	WriteTimeout time.Duration
	// SubscriberTimeout is the same for admin clients; 0 is 60 seconds.
	SubscriberTimeout time.Duration
}

const (
	defaultWriteTimeout      = 30 * time.Second
	defaultSubscriberTimeout = 60 * time.Second
)

// Server runs the sessions of all surfaces. It is safe for concurrent use.
type Server struct {
	cfg      Config
	sessions *sessions
	activity *activity
	// last numbers the requests, for the log.
	last atomic.Uint64
}

// New returns a server that has no connection yet. It panics if a required
// part is missing: that is a mistake in the program.
func New(cfg Config) *Server {
	if cfg.Log == nil || cfg.Gate == nil || cfg.Router == nil || cfg.Hub == nil ||
		cfg.Watcher == nil || cfg.Status == nil || cfg.Drain == nil || cfg.Reload == nil {
		panic("server: a required part of the config is missing")
	}
	if cfg.WriteTimeout <= 0 {
		cfg.WriteTimeout = defaultWriteTimeout
	}
	if cfg.SubscriberTimeout <= 0 {
		cfg.SubscriberTimeout = defaultSubscriberTimeout
	}
	return &Server{cfg: cfg, sessions: newSessions(), activity: newActivity()}
}

// Close ends every session and waits for all of them. No further request is
// read; requests under way and events already published still go out until
// ctx ends, then connections are cut. Listeners must be closed before.
func (s *Server) Close(ctx context.Context) {
	s.sessions.close(ctx)
}

// WaitFinished blocks until no admitted request is left, its last frame
// included. It makes sense once the gate is closed.
func (s *Server) WaitFinished(ctx context.Context) error {
	return s.activity.wait(ctx, func(a load) bool { return a.admitted == 0 })
}

// WaitQuiet blocks until no inference connection has been open for the whole
// of a period.
func (s *Server) WaitQuiet(ctx context.Context, period time.Duration) error {
	return s.activity.waitQuiet(ctx, period)
}
