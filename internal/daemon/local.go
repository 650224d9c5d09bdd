package daemon

import (
	"cmp"
	"context"
	"path/filepath"

	"github.com/inferd/inferd/internal/backend/local"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/weights"
)

// newLocal makes a backend on the engine of this machine.
func (r *run) newLocal(b config.Backend, events Events) Supervised {
	cfg := &r.daemon.cfg
	lc := local.Config{
		Name: b.Name, Model: b.LlamaCPP.Model,
		Options:    optionsOf(b.LlamaCPP),
		WorkerPath: cfg.WorkerPath,
		EngineRoot: cmp.Or(cfg.EngineDir, cfg.EngineRoot),
		Events:     local.Events(events),
		Log:        cfg.Log,
	}
	wc, has := cfg.weights(b)
	if !has {
		return local.New(lc)
	}
	wc.Findings = filepath.Join(r.dir, "preflight")
	wc.Report, wc.Log = events.Loading, cfg.Log
	model := weights.New(wc)
	lc.Files = model
	return &withFiles{Backend: local.New(lc), model: model}
}

// optionsOf are a backend's settings for the engine.
func optionsOf(c config.LlamaCPP) local.Options {
	o := local.Options{
		NCtx: c.NCtx, NGPULayers: c.NGPULayers, Slots: c.Slots, Threads: c.Threads, CacheBytes: c.CacheMiB << 20,
		Batch: c.Batch, KVTypeK: c.KVTypeK, KVTypeV: c.KVTypeV, FlashAttn: c.FlashAttn, NoMmap: !c.MMap, Mlock: c.MLock,
	}
	if c.Embed {
		o.Embed = &local.Reading{Window: c.EmbedNCtx, Pooling: c.EmbedPooling}
	}
	if c.Rerank {
		o.Rerank = &local.Reading{Window: max(c.NCtx, 0)}
	}
	for _, l := range c.LoRA {
		o.LoRA = append(o.LoRA, float32(l.Scale))
	}
	return o
}

// weights says where a backend's model is; false for the one in the worker.
func (c *Config) weights(b config.Backend) (weights.Config, bool) {
	builtin := b.LlamaCPP.Model == config.BuiltinModel
	if b.Kind != config.KindLlamaCPP || builtin && len(b.LlamaCPP.LoRA) == 0 {
		return weights.Config{}, false
	}
	w := weights.Config{
		Model: b.LlamaCPP.Model, SHA256: b.LlamaCPP.SHA256, Verify: weights.Verify(b.LlamaCPP.Verify), StoreRoot: c.ModelsRoot,
	}
	for _, l := range b.LlamaCPP.LoRA {
		w.Adapters = append(w.Adapters, l.Path)
	}
	if builtin {
		w.Model = ""
	}
	return w, true
}

// withFiles is a backend on a model that has files.
type withFiles struct {
	*local.Backend
	model *weights.Model
}

// Run implements Supervised. The files, and a lease in the store, end with it.
func (w *withFiles) Run(ctx context.Context) error {
	defer func() { _ = w.model.Close() }()
	return w.Backend.Run(ctx)
}
