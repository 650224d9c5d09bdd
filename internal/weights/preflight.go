package weights

import (
	"fmt"

	"github.com/inferd/inferd/internal/preflight"
)

// preflight refuses a model of the store that no worker has to be started for.
// The worker looks at the others, and at what holds their parts together. Where
// nothing can be remembered the file is looked at every time.
func (m *Model) preflight() error {
	if m.cfg.Findings == "" || len(m.parts) == 0 || m.parts[0].blob == nil {
		return nil
	}
	findings, err := preflight.Open(m.cfg.Findings)
	if err != nil {
		findings = nil
	}
	defer func() { _ = findings.Close() }()
	blob := m.parts[0].blob
	if err := findings.Check(blob.Digest, blob.File()); err != nil {
		return fmt.Errorf("model %s: %w", blob.Path, err)
	}
	return nil
}
