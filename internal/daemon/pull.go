package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/preflight"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
	"github.com/inferd/inferd/wire"
)

// ModelError says that a model that the config describes is not in the store,
// and did not come there.
type ModelError struct {
	Name string
	Err  error
}

func (e *ModelError) Error() string { return fmt.Sprintf("model %s: %v", e.Name, e.Err) }

func (e *ModelError) Unwrap() error { return e.Err }

// Source is where a model that the config describes is from.
func Source(m config.Model) fetch.Source {
	return fetch.Source{Name: m.Name, URL: m.SourceURL, SHA256: m.SHA256, Size: m.SizeBytes, License: m.License}
}

// missing are the models of the config that could be fetched and that the store
// lacks.
func (d *Daemon) missing() ([]config.Model, error) {
	var missing []config.Model
	err := d.inStore(func(s *store.Store) error {
		for _, m := range d.cfg.Models {
			if m.SourceURL != "" && !stored(s, m) {
				missing = append(missing, m)
			}
		}
		return nil
	})
	return missing, err
}

// stored reports whether the store has a model under its name.
func stored(s *store.Store, m config.Model) bool {
	name, err := store.ParseName(m.Name)
	if err != nil {
		return false
	}
	e, err := s.Get(name)
	return err == nil && e.State == store.BlobPresent && e.Manifest.Blob.Hex() == m.SHA256
}

func (d *Daemon) inStore(f func(*store.Store) error) error {
	s, err := store.Open(d.cfg.ModelsRoot, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return f(s)
}

// begin starts the backends, or first fetches their models: then they start
// when those are there.
func (r *run) begin(ctx context.Context) error {
	if !r.fetches() {
		r.startAll(r.units)
		return nil
	}
	missing, err := r.daemon.missing()
	switch {
	case err != nil:
		return fmt.Errorf("look for models: %w", err)
	case len(missing) == 0:
		r.startAll(r.units)
	case !r.daemon.cfg.AutoPull:
		m := missing[0]
		return &ModelError{m.Name, fmt.Errorf("the store has no such model with sha256 %s, and auto_pull is false: run `inferd pull %s`", m.SHA256, m.Name)}
	default:
		r.workers.Go(func() {
			err := r.pull(ctx, missing)
			r.send(event{kind: eventPulled, err: err})
		})
	}
	return nil
}

// fetches reports whether the config says of any model where it is from: a
// daemon without such needs no store.
func (r *run) fetches() bool {
	for _, m := range r.daemon.cfg.Models {
		if m.SourceURL != "" {
			return true
		}
	}
	return false
}

// pulled goes on after the models have come, or have not.
func (r *run) pulled(err error) error {
	if err != nil {
		return err
	}
	backends := r.daemon.cfg.Backends
	prints := r.daemon.printsOf(backends)
	r.daemon.setPrints(backends, prints)
	for i := range backends { // they come first among the units
		r.units[i].print = prints[i]
	}
	r.startAll(r.units)
	return nil
}

// pull fetches models, one after another, and tells how far it is.
func (r *run) pull(ctx context.Context, missing []config.Model) error {
	client := fetch.New(fetch.Config{})
	defer func() { _ = client.Close() }()
	return r.daemon.inStore(func(s *store.Store) error {
		for _, m := range missing {
			if err := r.pullOne(ctx, client, s, m); err != nil {
				return &ModelError{m.Name, err}
			}
		}
		return nil
	})
}

func (r *run) pullOne(ctx context.Context, client *fetch.Client, s *store.Store, m config.Model) error {
	at := ""
	tell := func(p wire.LoadPhase) { r.send(event{kind: eventLoading, phase: p}) }
	r.log.Info("fetching a model", slog.String("model", m.Name))
	got, err := client.Ensure(ctx, s, Source(m), fetch.Options{
		// The config says what the name stands for.
		Replace: true,
		Accept:  preflight.Accept,
		Progress: func(p fetch.Progress) {
			at = p.URL
			download := wire.PhaseDownload{DownloadedBytes: p.Done, SourceURL: p.URL}
			if p.Total > 0 {
				download.TotalBytes = &p.Total
			}
			tell(download)
			if p.Total > 0 && p.Done == p.Total { // the rest is the check of the digest
				tell(wire.PhaseVerify{Path: p.URL})
			}
		},
		Retrying: func(f fetch.Retry) {
			r.log.Warn("fetching a model again", slog.String("model", m.Name), slog.Any("reason", f.Err), slog.Duration("after", f.Wait))
		},
	})
	if bad, ok := errors.AsType[*store.MismatchError](err); ok && bad.QuarantinePath != "" {
		tell(wire.PhaseQuarantine{
			Path: cmp.Or(at, bad.Path), ExpectedSHA256: bad.Want.Hex(), ActualSHA256: bad.Actual.Hex(), QuarantinePath: bad.QuarantinePath,
		})
	}
	if err == nil {
		r.log.Info("model is there", slog.String("model", m.Name), slog.Int64("fetched_bytes", got.Fetched))
	}
	return err
}
