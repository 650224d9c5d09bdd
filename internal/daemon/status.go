package daemon

import (
	"os"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// status is the answer to the control surface's status command. It is called
// from its sessions, at any time.
func (r *run) status() wire.ControlStatus {
	now, _ := r.hub.Snapshot()
	s := wire.ControlStatus{
		Version:       r.daemon.cfg.Version,
		PID:           os.Getpid(),
		UptimeSeconds: time.Since(r.daemon.begun).Seconds(),
		Sockets:       r.sockets(),
		Queue:         r.queueStatus(),
	}
	if now != nil {
		s.State = now.Status()
	}
	switch e := now.(type) {
	case wire.LoadingModel:
		s.Phase = e.Phase.PhaseName()
	case wire.Restarting:
		s.Phase = e.Phase
	case wire.Failed:
		s.Reason = e.Reason
	}
	s.Backends = r.backendStatus()
	return s
}

// backendStatus is what every backend says of itself, and why it has ended if
// it has.
func (r *run) backendStatus() []wire.BackendStatus {
	r.mu.Lock()
	units, reasons := r.units, make([]string, len(r.units))
	for i, u := range units {
		if u.failed != nil {
			reasons[i] = u.failed.Error()
		}
	}
	r.mu.Unlock()
	all := make([]wire.BackendStatus, len(units))
	for i, u := range units {
		all[i] = infoOf(u.backend)
		if reasons[i] != "" {
			all[i].Reason = reasons[i]
		}
	}
	return all
}

func (r *run) sockets() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	paths := make([]string, 0, len(r.listeners))
	for _, ln := range r.listeners {
		paths = append(paths, ln.Endpoint().Path)
	}
	return paths
}

func (r *run) queueStatus() wire.QueueStatus {
	s := r.gate.Stats()
	return wire.QueueStatus{
		Active: s.Active, ActiveLimit: s.Limits.Active,
		Waiting: s.Waiting, WaitLimit: s.Limits.Waiting,
		Admitted: s.Admitted, Refused: s.Refused,
	}
}

// infoOf is what a backend says of itself, or what its capabilities say.
func infoOf(b backend.Backend) wire.BackendStatus {
	if s, ok := b.(Supervised); ok {
		return s.Info()
	}
	c := b.Capabilities()
	return wire.BackendStatus{
		Name: b.Name(), Ready: b.Ready(), Model: c.Model, Engine: c.Engine,
		Accelerator: c.Accelerator, Reason: c.WhyNot,
		DeviceName: c.DeviceName, NCtx: c.ContextTokens, Slots: c.Slots,
	}
}
