package weights

import (
	"context"
	"fmt"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// findBlob opens and leases a model of the store.
func (m *Model) findBlob(ctx context.Context) error {
	return m.inStore(func(s *store.Store) error {
		e, err := m.entry(s)
		if err != nil {
			return err
		}
		if err := m.expects(e); err != nil {
			return err
		}
		// The digest tells whether a file of another size or its manifest is
		// wrong.
		judged := e.State == store.BlobWrongSize && m.cfg.Verify != VerifyNever
		if e.State != store.BlobPresent && !judged {
			return &MissingError{root: s.Root(), err: fmt.Errorf("model %s: its file is %s", e.Name, e.State)}
		}
		m.cfg.Report(wire.PhaseCheckingLocal{Path: e.Path})
		for _, part := range e.Manifest.Files() {
			blob, err := s.Blob(ctx, part.Blob)
			if err != nil {
				return &MissingError{root: s.Root(), err: err}
			}
			f, err := newFile(blob.File())
			if err != nil {
				return fmt.Errorf("model %s: %w", e.Name, err)
			}
			f.blob, f.digest = blob, blob.Digest
			m.parts = append(m.parts, f)
		}
		return nil
	})
}

// expects refuses a name that stands for another model than it should.
func (m *Model) expects(e store.Entry) error {
	if m.cfg.SHA256 == "" {
		return nil
	}
	want, err := store.ParseDigest(m.cfg.SHA256)
	if err != nil {
		return fmt.Errorf("model %s: %w", e.Name, err)
	}
	if e.Manifest.Blob.Equal(want) {
		return nil
	}
	return &OtherError{Name: e.Name, Actual: e.Manifest.Blob, Expected: want}
}

// entry is what the model's name stands for in the store.
func (m *Model) entry(s *store.Store) (store.Entry, error) {
	name, err := store.ParseName(m.cfg.Model)
	if err != nil {
		return store.Entry{}, err
	}
	e, err := s.Get(name)
	if err != nil {
		return e, &MissingError{root: s.Root(), err: err}
	}
	return e, nil
}

func (m *Model) inStore(f func(*store.Store) error) error {
	s, err := store.Open(m.cfg.StoreRoot, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return f(s)
}

// checkBlob hashes a file of the store. A bad one is put into quarantine.
func (m *Model) checkBlob(ctx context.Context, f *file) error {
	return m.inStore(func(s *store.Store) error {
		c, err := s.CheckBlob(ctx, f.blob, store.VerifyOptions{Repair: true})
		if err != nil {
			return err
		}
		if c.State != store.CheckCorrupt {
			return nil
		}
		m.cfg.Report(wire.PhaseQuarantine{
			Path: c.Path, ExpectedSHA256: c.Blob.Hex(), ActualSHA256: c.Actual.Hex(), QuarantinePath: c.QuarantinePath,
		})
		return &DigestError{Path: c.Path, Expected: c.Blob, Actual: c.Actual, QuarantinePath: c.QuarantinePath}
	})
}
