// Package mock is a backend that answers from a script: for the daemon's own
// tests, and for app authors who want every kind of answer, delay and failure
// without a model. It is deterministic and ignores the sampling settings and
// the grammar.
package mock

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// sentence is the answer of a mock without a script.
var sentence = []string{"This", " answer", " is", " a", " script", ":", " no", " model", " was", " asked", "."}

// Backend is a scripted backend.Backend.
type Backend struct {
	config  Config
	readyAt time.Time
	forced  atomic.Pointer[bool] // what SetReady said last, if anything
}

var _ backend.Backend = (*Backend)(nil)

// New returns a mock that follows cfg.
func New(cfg Config) *Backend {
	if cfg.Name == "" {
		cfg.Name = DefaultName
	}
	if len(cfg.Tokens) == 0 {
		cfg.Tokens = sentence
	}
	if cfg.FailKind == 0 {
		cfg.FailKind = backend.Unavailable
	}
	return &Backend{config: cfg, readyAt: time.Now().Add(cfg.ReadyDelay)}
}

// Name is the configured name.
func (b *Backend) Name() string { return b.config.Name }

// Capabilities says what the configuration says.
func (b *Backend) Capabilities() backend.Capabilities {
	return backend.Capabilities{
		Generate:         !b.config.NoGenerate,
		V2:               !b.config.NoGenerate,
		Tools:            true,
		Thinking:         true,
		Vision:           b.config.Vision,
		Audio:            b.config.AudioSampleRate > 0,
		AudioSampleRate:  b.config.AudioSampleRate,
		StructuredOutput: b.config.Structured,
		Embed:            b.config.Dimensions > 0,
		Rerank:           b.config.Rerank,
		EmbedSize:        b.config.Dimensions,
		Slots:            b.config.Slots,
		ContextTokens:    b.config.ContextTokens,
		Model:            b.config.Model,
		Accelerator:      wire.AcceleratorCPU,
	}
}

// Ready reports whether ReadyDelay is over, or what SetReady said.
func (b *Backend) Ready() bool {
	if forced := b.forced.Load(); forced != nil {
		return *forced
	}
	return !time.Now().Before(b.readyAt)
}

// SetReady makes the mock ready or not, whatever its ReadyDelay. Requests that
// come while it is not fail as Unavailable; those that run go on.
func (b *Backend) SetReady(ready bool) { b.forced.Store(&ready) }

// Generate answers req from the script. See backend.Backend.
func (b *Backend) Generate(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	r := newRun(&b.config, req, emit)
	if ctx.Err() != nil {
		return r.result(wire.StopCancelled), nil
	}
	if b.config.NoGenerate {
		return r.failed(backend.Errorf(backend.Invalid, "this backend does not generate"))
	}
	if !b.Ready() {
		return r.failed(&backend.Error{Kind: backend.Unavailable, Message: wire.MsgBackendNotReady, Err: backend.ErrNotBegun})
	}
	if room := b.config.ContextTokens; room > 0 && r.usage.PromptTokens >= room {
		return r.failed(backend.Errorf(backend.Invalid,
			"the prompt has %d tokens: allowed are fewer than the context's %d", r.usage.PromptTokens, room))
	}
	return r.play(ctx)
}
