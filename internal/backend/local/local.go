// Package local is the backend that runs a model on this machine, in a worker
// process of its own.
package local

import (
	"cmp"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// Config says what to run.
type Config struct {
	Name string
	// Model is what the model is called before it says so itself.
	Model string
	// Files has the model; nil is the one built into the worker.
	Files      engine.Model
	Options    Options
	WorkerPath string
	EngineRoot string
	Events     Events
	Log        *slog.Logger
}

// Options say how the engine runs the model. The zero value of each is the
// engine's default, but for NGPULayers, whose zero keeps all on the CPU.
type Options struct {
	NCtx       int // tokens of prompt and answer together; 0 is the model's own, -1 the largest that fits
	NGPULayers int // -1 is all
	Slots      int // requests at once
	Threads    int // 0 lets the worker choose
	Batch      int // tokens that one step takes at most
	CacheBytes int // host memory for the states of past prompts
	// KVTypeK and KVTypeV are what the KV cache is stored in; empty is f16.
	KVTypeK, KVTypeV string
	FlashAttn        string // auto, on or off; empty is auto
	NoMmap, Mlock    bool
	// LoRA has the scale of each adapter in Files.
	LoRA []float32
	// Embed and Rerank make the model read texts, too; nil is not.
	Embed, Rerank *Reading
}

// Reading says how the model reads texts.
type Reading struct {
	Window  int    // tokens of a text; 0 is the model's own
	Pooling string // mean, cls or last, for vectors; empty is the model's own
}

func (o Options) load(engineRoot string) proto.Load {
	l := proto.Load{
		EngineRoot: engineRoot, GPULayers: o.NGPULayers, Context: o.NCtx, Slots: o.Slots, Threads: o.Threads,
		Batch: o.Batch, CacheBytes: o.CacheBytes, KeyType: o.KVTypeK, ValueType: o.KVTypeV,
		FlashAttention: o.FlashAttn, NoMmap: o.NoMmap, Mlock: o.Mlock,
		Embed: (*proto.Reading)(o.Embed), Rerank: (*proto.Reading)(o.Rerank),
	}
	for _, scale := range o.LoRA {
		l.Adapters = append(l.Adapters, proto.Adapter{Scale: scale})
	}
	return l
}

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
	b.engine = engine.New(engine.Config{
		WorkerPath: cfg.WorkerPath, Load: cfg.Options.load(cfg.EngineRoot), Model: cfg.Files, Log: cfg.Log,
		Events: engine.Events{Loading: b.loading, Up: b.up, Down: cfg.Events.Down},
	})
	return b
}

// hoped is what the backend can do if its model is one that can all.
func hoped(cfg Config) backend.Capabilities {
	return backend.Capabilities{
		Generate: true, V2: true, Tools: true, Thinking: true, Embed: cfg.Options.Embed != nil, Rerank: cfg.Options.Rerank != nil,
		Slots: cfg.Options.Slots, Model: cfg.Model,
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
		Generate: r.Generates, V2: r.Generates, Tools: r.Tools, Thinking: r.Thinking, WhyNot: r.Why, Traits: backend.Traits(r.Traits), Slots: r.Slots, ContextTokens: r.Context,
		Model: cmp.Or(r.Model, strings.TrimSuffix(filepath.Base(b.cfg.Model), ".gguf")), Engine: r.Engine,
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
		Template: c.Traits.Template, Reason: c.WhyNot,
	}
}
