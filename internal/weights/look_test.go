package weights

import (
	"path/filepath"
	"testing"
	"time"
)

func TestLook_OpensWhatIsThereAndKnowsWhetherItWasVerified(t *testing.T) {
	root, blob := storeWith(t, "m", "good")
	later := func() time.Time { return time.Now().Add(time.Hour) } // the file is at rest
	cfg := Config{Model: "m", StoreRoot: root, Now: later}
	look := func() bool {
		m := model(t, cfg)
		files, err := m.Look(t.Context())
		if err != nil || len(files.Parts) != 1 || m.hashed() {
			t.Fatalf("%d files, %v, phases %v", len(files.Parts), err, m.phases)
		}
		return m.Verified()
	}
	if look() {
		t.Error("verified before anybody has hashed it")
	}
	opened := model(t, cfg)
	opened.content(t)
	if !look() {
		t.Error("what was verified is not remembered")
	}
	overwrite(t, blob, "evil")
	if look() {
		t.Error("verified after it was written to")
	}
	free := model(t, Config{Model: write(t, filepath.Join(t.TempDir(), "m.gguf"), "any"), StoreRoot: root})
	if _, err := free.Look(t.Context()); err != nil || free.Verified() {
		t.Errorf("a file with no digest to have: %v, or it passes for verified", err)
	}
	absent := model(t, Config{Model: "nobody", StoreRoot: root})
	if _, err := absent.Look(t.Context()); err == nil {
		t.Error("looked at a model that is not there")
	}
}
