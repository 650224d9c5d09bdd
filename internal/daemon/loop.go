package daemon

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/backend"
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
			r.gate.SetWaiting(r.daemon.current().Queue.Waiting)
			r.replies = append(r.replies, func() { close(inForce) })
		case e := <-r.events:
			if e.kind == eventPulled {
				if err := r.pulled(e.err); err != nil {
					return err
				}
				continue
			}
			r.handle(e)
		case c := <-r.nextSwap():
			r.beginSwap(c)
		case <-r.swapGivenUp():
			r.failSwap(r.swap.change.cause())
		}
		err := r.settle()
		r.router.Changed()
		r.reply()
		if err != nil {
			return err
		}
	}
}

var errEnded = errors.New("ended without being told to")

// handle takes note of what has happened. What follows from it is for settle.
func (r *run) handle(e event) {
	defer r.leaveLine(e) // a swap that e ends takes its units out of the line first
	switch {
	case e.kind == eventWeighed:
		r.weighed(e.swap, e.fits)
		return
	case e.kind == eventCleared:
		r.loadComing()
		return
	case e.unit == nil:
		r.loadingPhase(e.phase)
		return
	}
	u := e.unit
	if u.retired {
		return
	}
	name := slog.String("backend", u.name())
	switch e.kind {
	case eventLoading:
		r.loadingPhase(e.phase)
	case eventUp:
		r.log.Info("backend up", name)
		u.up = true
	case eventDown:
		r.log.Warn("backend down", name, slog.Any("reason", e.err))
		u.up = false
	case eventEnded:
		u.up = false
		r.fail(u, cmp.Or(e.err, errEnded))
		r.log.Error("backend ended", name, slog.Any("reason", u.failed))
	}
	r.advance()
}

// fail notes why a unit has ended.
func (r *run) fail(u *unit, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u.failed = why
}

// loadingPhase tells how loading goes. While another backend serves, one that
// comes back concerns nobody.
func (r *run) loadingPhase(p wire.LoadPhase) {
	_, aside := p.(wire.PhaseQuarantine)
	switch {
	case r.state == loading:
		r.hub.Publish(wire.LoadingModel{Phase: p})
	case r.state == restarting:
		r.restartPhase(p.PhaseName())
	case aside:
		r.log.Error("model put into quarantine", slog.Any("phase", p))
	}
}

// restartPhase says in which phase a restart is, once for each.
func (r *run) restartPhase(name string) {
	if name != r.restarted {
		r.restarted = name
		r.hub.Publish(wire.Restarting{Phase: name})
	}
}

// settle moves to the state that follows from which backends are up: the
// first time all must be that can be, later it is enough that what a client can
// rely on is there, which is generation, where any backend is for that.
func (r *run) settle() error {
	if r.swap == nil {
		if err := r.hopeless(); err != nil {
			return err
		}
	}
	first, able := r.firstAble()
	if able {
		r.gate.SetActive(cmp.Or(r.daemon.current().Queue.Active, first.Capabilities().Slots, activeUnlimited))
	} else if r.state != loading {
		r.gate.SetActive(0) // whoever comes waits in line
	}
	able = able && (!r.mayGenerate() || first.Capabilities().Generate)
	switch {
	case r.state == loading && able && r.allSettled(), r.state == restarting && able:
		return r.serve()
	case r.state == serving && !able:
		r.suspend()
	}
	if r.state != loading {
		return r.rebind()
	}
	return nil
}

// hopeless is the error of the first backend if none is left, and at a start that
// of one which no load could ever bring up.
func (r *run) hopeless() error {
	left := false
	for _, u := range r.units {
		if _, never := u.backend.(*unusable); never && r.state == loading && u.failed != nil {
			return &BackendError{Name: u.name(), Err: u.failed}
		}
		left = left || u.failed == nil
	}
	if left {
		return nil
	}
	if len(r.units) == 0 {
		return errNoBackend
	}
	return &BackendError{Name: r.units[0].name(), Err: r.units[0].failed}
}

// serve opens the surfaces that can be served and says so, in this order.
func (r *run) serve() error {
	if err := r.rebind(); err != nil {
		return err
	}
	for _, u := range r.units {
		if u.up {
			r.hub.Publish(capabilitiesOf(u.backend))
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

// suspend says that what generates is coming back. Connections that are open
// stay so, and their requests wait.
func (r *run) suspend() {
	r.state = restarting
	// The sockets go first: whoever hears of it finds them gone.
	_ = r.rebind() // it only closes some, and that can't fail
	r.restarted = ""
	if r.swap != nil && r.swap.cleared {
		r.restartPhase(phaseDraining)
	} else {
		r.restartPhase(phaseEngineDown)
	}
	r.log.Warn("restarting: no backend can serve")
}

// The phases of a restart before loading begins again: the engine is gone, or
// its running requests finish so that another model can take its place.
const (
	phaseEngineDown = "engine_down"
	phaseDraining   = "draining"
)

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

// allSettled reports whether every backend is up, or will never be.
func (r *run) allSettled() bool {
	for _, u := range r.units {
		if !u.up && u.failed == nil {
			return false
		}
	}
	return true
}

// firstAble is the first backend that can generate now: the one that the
// router takes. Where none does, it is the first that can do anything; and where
// none could ever generate, one that can't tells whoever asks why.
func (r *run) firstAble() (first backend.Backend, able bool) {
	var mute backend.Backend
	for _, u := range r.units {
		c := u.backend.Capabilities()
		switch {
		case !u.up:
		case c.Generate:
			return u.backend, true
		case c.Embed || c.Rerank:
			first = cmp.Or(first, u.backend)
		default:
			mute = cmp.Or(mute, u.backend)
		}
	}
	if first == nil && !r.mayGenerate() {
		first = mute
	}
	return first, first != nil
}

// mayGenerate reports whether a backend generates, or will when it is up again.
func (r *run) mayGenerate() bool {
	units := r.units
	if r.swap != nil && r.swap.cleared {
		units = r.swap.next
	}
	return slices.ContainsFunc(units, func(u *unit) bool {
		return u.failed == nil && u.backend.Capabilities().Generate
	})
}

// activeUnlimited is how many requests run at once on a backend that sets no
// limit of its own.
const activeUnlimited = 64

func capabilitiesOf(b backend.Backend) wire.Capabilities {
	c := b.Capabilities().Public()
	c.Backend, c.Accelerator = b.Name(), cmp.Or(c.Accelerator, wire.AcceleratorCPU)
	return c
}
