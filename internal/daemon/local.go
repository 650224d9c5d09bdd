package daemon

import (
	"cmp"

	"github.com/inferd/inferd/internal/backend/local"
	"github.com/inferd/inferd/internal/config"
)

// newLocal makes a backend on the engine of this machine.
func (r *run) newLocal(b config.Backend, events Events) Supervised {
	cfg := &r.daemon.cfg
	return local.New(local.Config{
		Name: b.Name, Model: b.LlamaCPP.Model,
		NCtx: b.LlamaCPP.NCtx, NGPULayers: b.LlamaCPP.NGPULayers,
		Slots: b.LlamaCPP.Slots, Threads: b.LlamaCPP.Threads, CacheBytes: b.LlamaCPP.CacheMiB << 20,
		WorkerPath: cfg.WorkerPath,
		EngineRoot: cmp.Or(cfg.EngineDir, cfg.EngineRoot),
		Events:     local.Events(events),
		Log:        cfg.Log,
	})
}
