package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// opening is a model that notes the phases that it goes through.
type opening struct {
	*Model
	phases []wire.LoadPhase
}

func model(t *testing.T, cfg Config) *opening {
	t.Helper()
	o := &opening{}
	cfg.Report = func(p wire.LoadPhase) { o.phases = append(o.phases, p) }
	if cfg.Now == nil {
		cfg.Now = later
	}
	o.Model = New(cfg)
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// later is a clock by which every file has been at rest for long.
func later() time.Time { return time.Now().Add(time.Hour) }

func (o *opening) hashed() bool {
	return slices.ContainsFunc(o.phases, func(p wire.LoadPhase) bool { _, ok := p.(wire.PhaseVerify); return ok })
}

// content is what the first part holds, read as the worker would.
func (o *opening) content(t *testing.T) string {
	t.Helper()
	files, err := o.Open(t.Context())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	b := make([]byte, 1<<10)
	n, _ := files.Parts[0].ReadAt(b, 0)
	return string(b[:n])
}

// storeWith is a models' home with one model.
func storeWith(t *testing.T, name, content string) (root, blob string) {
	t.Helper()
	root = t.TempDir()
	s, err := store.Open(root, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	src, err := store.OpenSource(write(t, filepath.Join(t.TempDir(), "m.gguf"), content))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	n, err := store.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), src, n, store.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	d, err := store.ParseDigest(sum(content))
	if err != nil {
		t.Fatal(err)
	}
	return root, s.BlobPath(d)
}

// overwrite changes a file in place, whatever its mode.
func overwrite(t *testing.T, path, content string) {
	t.Helper()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Until the system's clock has moved on, so that the write leaves a trace.
	for {
		write(t, path, content)
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if !after.ModTime().Equal(before.ModTime()) {
			return
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
