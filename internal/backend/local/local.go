// Package local is the backend that runs a model on this machine, in a worker
// process of its own.
package local

import (
	"context"
	"log/slog"
	"sync"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// Config says what to run.
type Config struct {
	Name string
	// Model is a path to a GGUF file, or "builtin".
	Model      string
	NCtx       int // tokens of prompt and answer together; 0 is the model's own, -1 the largest that fits
	NGPULayers int
	Slots      int // requests at once
	Threads    int // 0 lets the worker choose
	CacheBytes int // host memory for the states of past prompts
	// Embed and Rerank make the model read texts, too; nil is not.
	Embed, Rerank *Reading
	WorkerPath    string
	EngineRoot    string
	Events        Events
	Log           *slog.Logger
}

// Reading says how the model reads texts.
type Reading struct {
	Window  int    // tokens of a text; 0 is the model's own
	Pooling string // mean, cls or last, for vectors; empty is the model's own
}

// Builtin is the name of the model that the worker carries in itself.
const Builtin = "builtin"

// Events tell the owner what becomes of the backend. They are called from
// Run's goroutine, in order, never two at a time.
type Events struct {
	Loading func(wire.LoadPhase)
	// Up says that the backend is ready; Down follows, unless Run was told
	// to end.
	Up   func()
	Down func(reason error)
}

// Backend is a model on this machine. Safe for concurrent use.
type Backend struct {
	cfg    Config
	engine *engine.Engine

	// mu guards the field below.
	mu   sync.Mutex
	caps backend.Capabilities
}

// New makes the backend. Run starts it.
func New(cfg Config) *Backend {
	b := &Backend{cfg: cfg, caps: hoped(cfg)}
	load := proto.Load{
		EngineRoot: cfg.EngineRoot, Model: cfg.Model, GPULayers: cfg.NGPULayers,
		Context: cfg.NCtx, Slots: cfg.Slots, Threads: cfg.Threads, CacheBytes: cfg.CacheBytes,
		Embed: (*proto.Reading)(cfg.Embed), Rerank: (*proto.Reading)(cfg.Rerank),
	}
	if cfg.Model == Builtin {
		load.Model = ""
	}
	b.engine = engine.New(engine.Config{
		WorkerPath: cfg.WorkerPath, Load: load, Log: cfg.Log,
		Events: engine.Events{Loading: b.loading, Up: b.up, Down: cfg.Events.Down},
	})
	return b
}

// hoped is what the backend can do if its model is one that can all.
func hoped(cfg Config) backend.Capabilities {
	return backend.Capabilities{
		Generate: true, V2: true, Tools: true, Thinking: true, Embed: cfg.Embed != nil, Rerank: cfg.Rerank != nil,
		Slots: cfg.Slots, Model: cfg.Model,
	}
}

// Run starts the worker and keeps it running until ctx ends; then it returns
// nil, when the worker is gone. It returns an error only where going on is
// pointless: the engine is missing or damaged, or the model can't be used.
func (b *Backend) Run(ctx context.Context) error { return b.engine.Run(ctx) }

func (b *Backend) loading(p proto.Loading) {
	switch p.Phase {
	case proto.PhaseMmap:
		b.cfg.Events.Loading(wire.PhaseMmap{Path: p.Path})
	case proto.PhaseLoad:
		b.cfg.Events.Loading(wire.PhaseLoad{LoadedFraction: p.Fraction})
	case proto.PhaseKVCache:
		b.cfg.Events.Loading(wire.PhaseKVCache{NCtx: p.Context})
	}
}

func (b *Backend) up(r proto.Ready) {
	b.mu.Lock()
	b.caps = backend.Capabilities{
		Generate: r.Generates, V2: r.Generates, Tools: r.Tools, Thinking: r.Thinking, Slots: r.Slots, ContextTokens: r.Context, Model: r.Model, Engine: r.Engine,
		Accelerator: r.Accelerator, GPULayers: r.GPULayers, DeviceName: r.DeviceName,
	}
	readable(&b.caps, r)
	b.mu.Unlock()
	b.cfg.Log.Info("model loaded", "backend", b.cfg.Name, "context", r.Context, "slots", r.Slots, "planned_bytes", r.Memory)
	if !r.Generates && r.Embedding == nil && r.Reranking == nil {
		b.cfg.Log.Warn("the model can't answer chats", "backend", b.cfg.Name, "reason", r.Why)
	}
	b.cfg.Events.Up()
}

// Name implements backend.Backend.
func (b *Backend) Name() string { return b.cfg.Name }

// Ready implements backend.Backend.
func (b *Backend) Ready() bool { return b.engine.Ready() }

// Capabilities implements backend.Backend.
func (b *Backend) Capabilities() backend.Capabilities {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.caps
}

// Info is what an operator sees of the backend.
func (b *Backend) Info() wire.BackendStatus {
	c, s := b.Capabilities(), b.engine.Stats()
	return wire.BackendStatus{
		Name: b.cfg.Name, Ready: b.Ready(), Model: c.Model, Engine: c.Engine, Accelerator: c.Accelerator,
		DeviceName: c.DeviceName, NCtx: c.ContextTokens, Slots: c.Slots, PID: s.PID, Restarts: s.Restarts,
	}
}
