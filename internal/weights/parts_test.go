package weights

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// splitStore is a models' home with a model in two files.
func splitStore(t *testing.T, name string, contents ...string) (root string, paths []string) {
	t.Helper()
	root = t.TempDir()
	s, err := store.Open(root, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	n, err := store.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	release, err := s.Claim(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var blobs []*store.Blob
	var names []string
	for i, content := range contents {
		d, err := store.ParseDigest(sum(content))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := s.Arrive(t.Context(), d, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Receive(t.Context(), strings.NewReader(content), nil); err != nil {
			t.Fatal(err)
		}
		b, err := a.Finish(t.Context(), "https://example.com")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close() }()
		blobs, names = append(blobs, b), append(names, string(rune('a'+i)))
		paths = append(paths, s.BlobPath(d))
	}
	if _, err := s.Publish(n, blobs, names, store.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return root, paths
}

func TestOpen_HasAllPartsOfAModelOfTheStore(t *testing.T) {
	root, _ := splitStore(t, "m", "first", "second", "third")
	m := model(t, Config{Model: "m", StoreRoot: root})
	files, err := m.Open(t.Context())
	if err != nil || len(files.Parts) != 3 {
		t.Fatalf("%d parts, %v", len(files.Parts), err)
	}
	for i, want := range []string{"first", "second", "third"} {
		b := make([]byte, 10)
		if n, _ := files.Parts[i].ReadAt(b, 0); string(b[:n]) != want {
			t.Errorf("part %d is %q", i+1, b[:n])
		}
	}
	if !m.hashed() {
		t.Error("nothing was verified")
	}
	again := model(t, Config{Model: "m", StoreRoot: root})
	if _, err := again.Open(t.Context()); err != nil || again.hashed() {
		t.Errorf("error %v, or it was verified twice: %v", err, again.phases)
	}
	one, other := Fingerprint(Config{Model: "m", StoreRoot: root}), ""
	root, _ = splitStore(t, "m", "first", "second", "other")
	if other = Fingerprint(Config{Model: "m", StoreRoot: root}); one == other || one == "" {
		t.Errorf("another last part makes no difference: %q", one)
	}
}

func TestOpen_VerifiesEveryPart(t *testing.T) {
	root, paths := splitStore(t, "m", "first", "second")
	overwrite(t, paths[1], "sEcond")
	_, err := model(t, Config{Model: "m", StoreRoot: root}).Open(t.Context())
	bad, ok := errors.AsType[*DigestError](err)
	if !ok || bad.Path != paths[1] || !exists(bad.QuarantinePath) || exists(paths[1]) || !exists(paths[0]) {
		t.Errorf("error %v", err)
	}
	_, err = model(t, Config{Model: "m", StoreRoot: root}).Open(t.Context())
	if _, ok := errors.AsType[*MissingError](err); !ok {
		t.Errorf("without the second part: %v", err)
	}
}

// What the engine would fall over is refused before a worker starts, and what
// passes is not looked at again.
func TestOpen_ChecksTheHeaderOfAModelOfTheStore(t *testing.T) {
	findings := filepath.Join(t.TempDir(), "findings")
	if err := os.Mkdir(findings, 0o700); err != nil {
		t.Fatal(err)
	}
	root, blob := storeWith(t, "bad", "GGUF and nothing more")
	m := model(t, Config{Model: "bad", StoreRoot: root, Findings: findings})
	_, err := m.Open(t.Context())
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte(blob)) {
		t.Errorf("error %v, want one about %s", err, blob)
	}
	if !m.hashed() || m.found() {
		t.Errorf("phases %v: it is verified first, and given up", m.phases)
	}
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, gguf.TinyModel()); err != nil {
		t.Fatal(err)
	}
	root, _ = storeWith(t, "good", b.String())
	good := model(t, Config{Model: "good", StoreRoot: root, Findings: findings})
	if _, err := good.Open(t.Context()); err != nil {
		t.Error(err)
	}
	if len(good.phases) == 0 || good.phases[0] != (wire.PhaseCheckingLocal{Path: good.parts[0].blob.Path}) {
		t.Errorf("phases %v", good.phases)
	}
	if found, err := os.ReadDir(findings); err != nil || len(found) != 2 {
		t.Errorf("%d findings are remembered, %v", len(found), err)
	}
}
