package weights

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// verify makes sure that the model has its digest, if it has one to have.
func (m *Model) verify(ctx context.Context) error {
	if m.sure || m.cfg.Verify == VerifyNever || m.digest.IsZero() {
		m.sure = true
		return nil
	}
	f := m.parts[0]
	if m.cfg.Verify == VerifyOnce && m.remembered(f.id) {
		m.sure = true
		return nil
	}
	m.cfg.Report(wire.PhaseVerify{Path: f.Name()})
	if err := m.hash(ctx, f); err != nil {
		return err
	}
	// What was written meanwhile may not have been hashed.
	now, err := disk.Identify(f.File)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if !now.Equal(f.id) {
		return &ChangedError{Path: f.Name()}
	}
	m.sure = true
	if m.cfg.Verify == VerifyOnce {
		m.remember(f.id)
	}
	return nil
}

func (m *Model) hash(ctx context.Context, f *file) error {
	if m.blob != nil {
		return m.checkBlob(ctx)
	}
	actual, err := store.DigestOf(ctx, f, f.id.Size)
	if err != nil {
		return fmt.Errorf("verify model %s: %w", f.Name(), err)
	}
	if !actual.Equal(m.digest) {
		return &DigestError{Path: f.Name(), Expected: m.digest, Actual: actual}
	}
	return nil
}

// remembered reports whether the file was verified in this state before.
func (m *Model) remembered(id disk.Identity) bool {
	l, err := openLedger(m.cfg.StoreRoot)
	if err != nil {
		return false
	}
	defer l.close()
	return l.has(m.digest, id)
}

// remember notes that the file was verified in this state. Where that can't be
// done the next start hashes again, which is slow and safe.
func (m *Model) remember(id disk.Identity) {
	if m.cfg.Now().Sub(id.Changed) < settled {
		return
	}
	l, err := openLedger(m.cfg.StoreRoot)
	if err == nil {
		defer l.close()
		err = l.add(m.digest, id)
	}
	if err != nil && m.cfg.Log != nil {
		m.cfg.Log.Info("a verified model is not remembered", slog.Any("reason", err))
	}
}
