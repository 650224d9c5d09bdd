package daemon

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/local"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/preflight"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// newLocal makes a backend on the engine of this machine. A model that is
// named is the store's.
func (r *run) newLocal(b config.Backend, events Events) Supervised {
	if b.LlamaCPP.Model == config.BuiltinModel || filepath.IsAbs(b.LlamaCPP.Model) {
		return r.onEngine(b, b.LlamaCPP.Model, events)
	}
	blob, err := r.lease(b.LlamaCPP)
	if err != nil {
		return &unusable{name: b.Name, err: err}
	}
	return &leased{Backend: r.onEngine(b, blob.Path, events), blob: blob, events: events, findings: filepath.Join(r.dir, "preflight")}
}

func (r *run) onEngine(b config.Backend, model string, events Events) *local.Backend {
	cfg := &r.daemon.cfg
	var embed, rerank *local.Reading
	if b.LlamaCPP.Embed {
		embed = &local.Reading{Window: b.LlamaCPP.EmbedNCtx, Pooling: b.LlamaCPP.EmbedPooling}
	}
	if b.LlamaCPP.Rerank {
		rerank = &local.Reading{Window: max(b.LlamaCPP.NCtx, 0)}
	}
	return local.New(local.Config{
		Embed: embed, Rerank: rerank,
		Name: b.Name, Model: model,
		NCtx: b.LlamaCPP.NCtx, NGPULayers: b.LlamaCPP.NGPULayers,
		Slots: b.LlamaCPP.Slots, Threads: b.LlamaCPP.Threads, CacheBytes: b.LlamaCPP.CacheMiB << 20,
		WorkerPath: cfg.WorkerPath,
		EngineRoot: cmp.Or(cfg.EngineDir, cfg.EngineRoot),
		Events:     local.Events(events),
		Log:        cfg.Log,
	})
}

// lease opens a model of the store, so that it stays there while it is used.
func (r *run) lease(model config.LlamaCPP) (*store.Blob, error) {
	name, err := store.ParseName(model.Model)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(r.daemon.cfg.ModelsRoot, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	e, err := s.Get(name)
	if err != nil {
		return nil, &noModelError{root: s.Root(), err: err}
	}
	if e.State != store.BlobPresent {
		return nil, &noModelError{root: s.Root(), err: fmt.Errorf("model %s: its file is %s", name, e.State)}
	}
	if is := e.Manifest.Blob.Hex(); model.SHA256 != "" && model.SHA256 != is {
		return nil, &otherModelError{name: model.Model, want: model.SHA256, is: is}
	}
	blob, err := s.Blob(context.Background(), e.Manifest.Blob)
	if err != nil {
		return nil, &noModelError{root: s.Root(), err: err}
	}
	return blob, nil
}

// noModelError means that the store has no such model to load.
type noModelError struct {
	root string
	err  error
}

func (e *noModelError) Error() string { return fmt.Sprintf("%v (in %s)", e.err, e.root) }

func (e *noModelError) Unwrap() error { return e.err }

// Hint is what to do about it.
func (*noModelError) Hint() string {
	return "`inferd models` lists the models that are there, `inferd models import FILE` brings one in"
}

// otherModelError means that the store has another model under that name.
type otherModelError struct{ name, want, is string }

func (e *otherModelError) Error() string {
	return fmt.Sprintf("model %s: the store has sha256 %s, the config wants %s", e.name, e.is, e.want)
}

// Hint is what to do about it.
func (e *otherModelError) Hint() string {
	return "`inferd models show " + e.name + "` says where the one in the store is from; import the right one with --replace, or correct sha256 in the config"
}

// leased is a backend on a model of the store.
type leased struct {
	*local.Backend
	blob     *store.Blob
	events   Events
	findings string // the folder of what the pre-flight found
}

// Run implements Supervised. The lease ends with it.
func (l *leased) Run(ctx context.Context) error {
	defer func() { _ = l.blob.Close() }()
	l.events.Loading(wire.PhaseCheckingLocal{Path: l.blob.Path})
	if err := l.preflight(); err != nil {
		return fmt.Errorf("model %s: %w", l.blob.Path, err)
	}
	return l.Backend.Run(ctx)
}

// preflight refuses a file that no worker has to be started for. Where nothing
// can be remembered it is looked at every time.
func (l *leased) preflight() error {
	m, err := preflight.Open(l.findings)
	if err != nil {
		m = nil
	}
	defer func() { _ = m.Close() }()
	return m.Check(l.blob.Digest, l.blob.File())
}

// unusable is a backend that can't be made: the daemon starts far enough to
// say so where a client listens.
type unusable struct {
	backend.Unsupported
	name string
	err  error
}

func (u *unusable) Name() string                       { return u.name }
func (u *unusable) Capabilities() backend.Capabilities { return backend.Capabilities{Generate: true} }
func (u *unusable) Ready() bool                        { return false }
func (u *unusable) Run(context.Context) error          { return u.err }
func (u *unusable) Info() wire.BackendStatus           { return wire.BackendStatus{Name: u.name} }

func (u *unusable) Generate(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error) {
	return backend.Result{}, &backend.Error{Kind: backend.Unavailable, Message: wire.MsgBackendNotReady}
}
