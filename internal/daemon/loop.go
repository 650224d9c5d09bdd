package daemon

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// loop follows the backends until the daemon should stop: nil for a drain or
// the end of ctx, otherwise what went wrong. It is the only one that changes
// the run's state.
func (r *run) loop(ctx context.Context) error {
	if err := r.settle(); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.daemon.draining:
			return nil
		case inForce := <-r.daemon.changed:
			r.resize()
			close(inForce)
		case e := <-r.events:
			if err := r.handle(e); err != nil {
				return err
			}
		}
	}
}

var (
	errEnded  = errors.New("ended without being told to")
	errUnable = errors.New("can't generate, and neither can another")
)

func (r *run) handle(e event) error {
	name := r.backends[e.backend].Name()
	switch e.kind {
	case eventLoading:
		r.loadingPhase(e.phase)
		return nil
	case eventUp:
		r.log.Info("backend up", slog.String("backend", name))
		r.up[e.backend] = true
	case eventDown:
		r.log.Warn("backend down", slog.String("backend", name), slog.Any("reason", e.err))
		r.up[e.backend] = false
	case eventEnded:
		return &BackendError{Name: name, Err: cmp.Or(e.err, errEnded)}
	}
	return r.settle()
}

// loadingPhase tells how loading goes. While another backend serves, one that
// comes back concerns nobody.
func (r *run) loadingPhase(p wire.LoadPhase) {
	switch r.state {
	case loading:
		r.hub.Publish(wire.LoadingModel{Phase: p})
	case restarting:
		r.restartPhase(p.PhaseName())
	}
}

// restartPhase says in which phase a restart is, once for each.
func (r *run) restartPhase(name string) {
	if name != r.restarted {
		r.restarted = name
		r.hub.Publish(wire.Restarting{Phase: name})
	}
}

// resize gives the queue the limits of the configuration in force.
func (r *run) resize() {
	r.gate.SetWaiting(r.daemon.current().Queue.Waiting)
	if first, able := r.firstAble(); able {
		r.gate.SetActive(r.active(first))
	}
}

// settle moves to the state that follows from which backends are up: the
// first time all must be, later one that generates is enough.
func (r *run) settle() error {
	first, able := r.firstAble()
	if able {
		r.gate.SetActive(r.active(first))
	}
	switch {
	case r.state == loading && r.allUp() && !able:
		return &BackendError{Name: r.backends[0].Name(), Err: errUnable}
	case r.state == loading && r.allUp(), r.state == restarting && able:
		return r.serve()
	case r.state == serving && !able:
		r.suspend()
	}
	return nil
}

// serve opens the text surface and says so, in this order.
func (r *run) serve() error {
	if err := r.bindV1(); err != nil {
		return err
	}
	for i, b := range r.backends {
		if r.up[i] {
			r.hub.Publish(capabilitiesOf(b))
		}
	}
	r.hub.Publish(wire.Ready{})
	r.log.Info("ready", slog.Duration("after", time.Since(r.daemon.begun)))
	if r.state == loading {
		close(r.ready)
	}
	r.state = serving
	return nil
}

// suspend closes the text surface until a backend is back. Connections that
// are open stay so, and their requests are told that no backend is ready.
func (r *run) suspend() {
	r.state = restarting
	r.unlisten(transport.V1)
	r.restarted = ""
	r.restartPhase(phaseEngineDown)
	r.log.Warn("restarting: no backend can generate")
}

// phaseEngineDown is the phase of a restart before loading begins again.
const phaseEngineDown = "engine_down"

// exitWhenIdle drains a daemon that nobody uses once it is ready.
func (r *run) exitWhenIdle(ctx context.Context) {
	select {
	case <-r.ready:
	case <-ctx.Done():
		return
	}
	if r.server.WaitQuiet(ctx, r.daemon.cfg.IdleExit) == nil {
		r.log.Info("idle: stopping", slog.Duration("for", r.daemon.cfg.IdleExit))
		r.daemon.Drain()
	}
}

func (r *run) allUp() bool {
	for i := range r.backends {
		if !r.up[i] {
			return false
		}
	}
	return true
}

// firstAble is the first backend that can generate now: the one that the
// router takes.
func (r *run) firstAble() (backend.Backend, bool) {
	for i, b := range r.backends {
		if r.up[i] && b.Capabilities().Generate {
			return b, true
		}
	}
	return nil, false
}

// activeUnlimited is how many requests run at once on a backend that sets no
// limit of its own.
const activeUnlimited = 64

// active is how many requests may run: what the config says, else what the
// backend has slots for.
func (r *run) active(b backend.Backend) int {
	return cmp.Or(r.daemon.current().Queue.Active, b.Capabilities().Slots, activeUnlimited)
}

// wireVersion is the version of the framed surface's messages.
const wireVersion = 1

func capabilitiesOf(b backend.Backend) wire.Capabilities {
	c := b.Capabilities()
	return wire.Capabilities{
		Backend:     b.Name(),
		Accelerator: cmp.Or(c.Accelerator, wire.AcceleratorCPU),
		GPULayers:   c.GPULayers,
		DeviceName:  c.DeviceName,
		WireVersion: wireVersion,
		Model:       c.Model,
		NCtx:        c.ContextTokens,
		Slots:       c.Slots,
		Engine:      c.Engine,
	}
}
