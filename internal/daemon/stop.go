package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Clients have lastFrames to take the end of their cancelled requests, and then
// everyone has lastEvents to take what the daemon said at the end.
const (
	lastFrames = 2 * time.Second
	lastEvents = time.Second
)

// stop takes the daemon down: after an error, or when ctx has ended, at once,
// otherwise after the running requests. It waits for everything that it ends.
func (r *run) stop(ctx context.Context, failure error, stopBackends func()) {
	// First the gate: who hears of the drain can rely on it.
	r.step("refuse new requests", func() {
		r.gate.Close()
		r.router.Close()
	})
	if failure != nil {
		r.log.Error("stopping", slog.Any("error", failure))
		r.hub.Publish(wire.Failed{Reason: failure.Error()})
	} else {
		r.log.Info("stopping")
		r.hub.Publish(wire.Draining{})
	}
	if failure == nil && ctx.Err() == nil {
		r.step("finish running requests", func() { r.finishRequests(ctx) })
	}
	r.step("cancel running requests", r.cancelRunning)
	r.step("close inference sockets", func() { r.unlisten(requestSurfaces...) })
	r.step("stop backends", func() {
		stopBackends()
		r.workers.Wait()
	})
	r.step("close sockets and connections", func() {
		r.unlisten(transport.Admin, transport.Control)
		r.hub.Close()
		grace, cancel := context.WithTimeout(context.Background(), lastEvents)
		defer cancel()
		r.server.Close(grace)
	})
}

// finishRequests waits for the running requests as long as the config allows.
func (r *run) finishRequests(ctx context.Context) {
	timeout := r.daemon.current().DrainTimeout
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := r.server.WaitFinished(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		r.log.Warn("drain timeout: cancelling the rest", slog.Duration("timeout", timeout))
	}
}

// cancelRunning ends what still runs, and lets the last frames out while the
// backends are still there to end it.
func (r *run) cancelRunning() {
	r.cancelRequests()
	ctx, cancel := context.WithTimeout(context.Background(), lastFrames)
	defer cancel()
	if err := r.server.WaitFinished(ctx); err != nil {
		r.log.Warn("requests left after cancelling", slog.Any("error", err))
	}
}

// step runs one step of the way down and logs how long it took.
func (r *run) step(name string, f func()) {
	begun := time.Now()
	f()
	r.log.Info("stop", slog.String("step", name), slog.Duration("took", time.Since(begun)))
}
