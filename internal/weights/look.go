package weights

import (
	"context"
	"errors"
	"slices"

	"github.com/inferd/inferd/internal/engine"
)

// Look opens the files of a model that is not opened yet, to look at their
// headers. It is no more than that: no digest is checked, and nothing may be
// loaded from them. Close gives them up.
func (m *Model) Look(ctx context.Context) (engine.Files, error) {
	if err := m.find(ctx); err != nil {
		return engine.Files{}, errors.Join(err, m.Close())
	}
	return engine.Files{Parts: opened(m.parts), Adapters: opened(m.loras)}, nil
}

// Verified reports whether the files that Look has opened are remembered to have
// the digests that they must have, in the state that they are in.
func (m *Model) Verified() bool {
	return !slices.ContainsFunc(m.parts, func(f *file) bool { return f.digest.IsZero() || !m.remembered(f) })
}
