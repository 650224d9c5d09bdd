package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memory"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/internal/weights"
)

// fits reports whether the coming backends can be loaded while the running ones
// still are.
func (r *run) fits(ctx context.Context, running, coming []config.Backend) bool {
	if fits := r.daemon.cfg.Fits; fits != nil {
		return fits(running, coming)
	}
	free := memory.Read()
	fits := memplan.Beside(memplan.Memory{Host: free.Bytes}, r.plans(ctx, running), r.plans(ctx, coming))
	r.log.Info("changing backends: looked at the memory", slog.Int64("available_bytes", free.Bytes),
		slog.String("bound", free.Bound), slog.Bool("room_for_both", fits))
	return fits
}

// plans are the memory plans of the backends that there can be one of. The
// others count for nothing: loading them tells.
func (r *run) plans(ctx context.Context, backends []config.Backend) []memplan.Plan {
	var plans []memplan.Plan
	for _, b := range backends {
		p, err := r.daemon.cfg.plan(ctx, b)
		if err != nil {
			r.log.Debug("no memory plan", slog.String("backend", b.Name), slog.Any("reason", err))
			continue
		}
		plans = append(plans, p)
	}
	return plans
}

var errNoFile = errors.New("its model is no file of this machine")

// plan is the memory plan of a backend, as its worker will make it from the same
// files. Nothing of them is checked here: a worker gets only what is.
func (c *Config) plan(ctx context.Context, b config.Backend) (memplan.Plan, error) {
	wc, has := c.weights(b)
	if !has || wc.Model == "" || !filepath.IsAbs(wc.Model) && wc.StoreRoot == "" {
		return memplan.Plan{}, errNoFile
	}
	model := weights.New(wc)
	defer func() { _ = model.Close() }()
	files, err := model.Look(ctx)
	if err != nil {
		return memplan.Plan{}, err
	}
	var parts []*gguf.File
	for _, f := range files.Parts {
		info, err := f.Stat()
		if err != nil {
			return memplan.Plan{}, err
		}
		g, err := gguf.Open(f, info.Size())
		if err != nil {
			return memplan.Plan{}, fmt.Errorf("model %s: %w", f.Name(), err)
		}
		parts = append(parts, g)
	}
	if err := errors.Join(parts[0].Check(), gguf.CheckParts(parts)); err != nil {
		return memplan.Plan{}, err
	}
	o := planOptions(b.LlamaCPP, parts)
	for _, f := range files.Adapters {
		info, err := f.Stat()
		if err != nil {
			return memplan.Plan{}, err
		}
		o.AdapterBytes += info.Size()
	}
	return memplan.For(parts[0], o)
}

// planOptions are a backend's settings for its plan.
func planOptions(c config.LlamaCPP, parts []*gguf.File) memplan.Options {
	o := memplan.Options{
		Context: c.NCtx, Slots: c.Slots, Batch: c.Batch, CacheBytes: int64(c.CacheMiB) << 20, GPULayers: c.NGPULayers,
		Keys: c.KVTypeK, Values: c.KVTypeV, Flash: c.FlashAttn, NoMap: !c.MMap, Parts: parts[1:],
	}
	if !parts[0].Answers() {
		o.NoAnswers, o.Context = true, memplan.Own
	}
	if c.Embed {
		o.Readers = append(o.Readers, memplan.EmbedReader(c.EmbedNCtx))
	}
	if c.Rerank {
		o.Readers = append(o.Readers, memplan.RerankReader(max(c.NCtx, 0)))
	}
	return o
}
