package weights

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// verify makes sure that the files have their digests, if they have one to have.
func (m *Model) verify(ctx context.Context) error {
	if m.sure || m.cfg.Verify == VerifyNever {
		m.sure = true
		return nil
	}
	for _, f := range m.parts {
		if err := m.verifyFile(ctx, f); err != nil {
			return err
		}
	}
	m.sure = true
	return nil
}

func (m *Model) verifyFile(ctx context.Context, f *file) error {
	if f.digest.IsZero() || m.cfg.Verify == VerifyOnce && m.remembered(f) {
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
	if m.cfg.Verify == VerifyOnce {
		m.remember(f)
	}
	return nil
}

func (m *Model) hash(ctx context.Context, f *file) error {
	if f.blob != nil {
		return m.checkBlob(ctx, f)
	}
	actual, err := store.DigestOf(ctx, f, f.id.Size)
	if err != nil {
		return fmt.Errorf("verify model %s: %w", f.Name(), err)
	}
	if !actual.Equal(f.digest) {
		return &DigestError{Path: f.Name(), Expected: f.digest, Actual: actual}
	}
	return nil
}

// remembered reports whether the file was verified in this state before.
func (m *Model) remembered(f *file) bool {
	l, err := openLedger(m.cfg.StoreRoot)
	if err != nil {
		return false
	}
	defer l.close()
	return l.has(f.digest, f.id)
}

// remember notes that the file was verified in this state. Where that can't be
// done the next start hashes again, which is slow and safe.
func (m *Model) remember(f *file) {
	if m.cfg.Now().Sub(f.id.Changed) < settled {
		return
	}
	l, err := openLedger(m.cfg.StoreRoot)
	if err == nil {
		defer l.close()
		err = l.add(f.digest, f.id)
	}
	if err != nil && m.cfg.Log != nil {
		m.cfg.Log.Info("a verified model is not remembered", slog.Any("reason", err))
	}
}
