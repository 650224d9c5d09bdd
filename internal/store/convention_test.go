package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// readByConvention is all that another tool needs to find a model's bytes: the
// layout, and three fields.
func readByConvention(root, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "manifests", name+".json"))
	if err != nil {
		return nil, err
	}
	var m struct {
		Schema int    `json:"schema_version"`
		Blob   string `json:"blob"`
		Size   int    `json:"size_bytes"`
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Schema != 1 {
		return nil, fmt.Errorf("manifest %s: %v", text, err)
	}
	digest := strings.TrimPrefix(m.Blob, "sha256:")
	data, err := os.ReadFile(filepath.Join(root, "blobs", "sha256", digest[:2], digest, "data"))
	if sum := sha256.Sum256(data); err == nil && (hex.EncodeToString(sum[:]) != digest || len(data) != m.Size) {
		err = fmt.Errorf("the bytes are not those of %s", digest)
	}
	return data, err
}

func openReal(t testing.TB, root string) *store.Store {
	t.Helper()
	s, err := store.Open(root, store.Options{ProducedBy: "inferd/test"})
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
}

func importFile(t testing.TB, s *store.Store, path, name string) store.Imported {
	t.Helper()
	src, err := store.OpenSource(path)
	check(t, err)
	defer src.Close()
	done, err := s.Import(t.Context(), src, mustName(t, name), store.ImportOptions{})
	check(t, err)
	return done
}

func TestStore_IsReadableByOtherTools(t *testing.T) {
	dir := t.TempDir()
	root, file := filepath.Join(dir, "new", "models"), filepath.Join(dir, "weights.gguf")
	content := strings.Repeat("weights", 1<<19)
	writeFile(t, file, content)
	done := importFile(t, openReal(t, root), file, "tiny")
	got, err := readByConvention(root, "tiny")
	check(t, err)
	if string(got) != content {
		t.Error("another tool reads other bytes")
	}
	if want := filepath.Join(root, filepath.FromSlash(dataPath(sum(content)))); done.Path != want {
		t.Errorf("the blob is said to be at %s, want %s", done.Path, want)
	}
}

// handMade writes a store as a person or another tool would.
func handMade(t testing.TB, root, name, content string) {
	t.Helper()
	writeFile(t, filepath.Join(root, filepath.FromSlash(dataPath(sum(content)))), content)
	writeFile(t, filepath.Join(root, "manifests", name+".json"), fmt.Sprintf(`{"schema_version":1,"name":%q,"format":"gguf",`+
		`"blob":"sha256:%s","size_bytes":%d,"license":null,"source":{"registry":"example.org","repo":"a/b","revision":"main",`+
		`"filename":"b.gguf"},"produced_by":"hand","produced_at":"2026-05-18T17:06:10Z"}`, name, sum(content), len(content)))
}

func TestStore_ReadsWhatOtherToolsWrote(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	s := openReal(t, root)
	e, err := s.Get(mustName(t, "tiny"))
	check(t, err)
	if e.State != store.BlobPresent || e.Manifest.Size != 7 || e.Manifest.Origin.Repo != "a/b" || e.Manifest.ProducedBy != "hand" {
		t.Errorf("the entry is %+v", e)
	}
	b, err := s.Blob(t.Context(), e.Manifest.Blob)
	check(t, err)
	defer b.Close()
	got, err := io.ReadAll(b.File())
	check(t, err)
	if string(got) != "weights" || b.Size != 7 || b.Digest != e.Manifest.Blob {
		t.Errorf("the blob is %q, %+v", got, b)
	}
	if f, ok := disk.OSFile(b.File()); !ok || f.Name() != b.Path {
		t.Errorf("the system's file is %v, want %s", f, b.Path)
	}
	c, err := s.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{})
	check(t, err)
	if c.State != store.CheckGood {
		t.Errorf("the check is %+v", c)
	}
	found, err := s.GC(t.Context(), false)
	check(t, err)
	if len(found.Garbage) != 0 {
		t.Errorf("gc finds %+v", found.Garbage)
	}
}

func TestStore_ReadsWithoutWriting(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	before := tree(t, root)
	s := openReal(t, root)
	_, err := s.List()
	check(t, err)
	e, err := s.Get(mustName(t, "tiny"))
	check(t, err)
	b, err := s.Blob(t.Context(), e.Manifest.Blob)
	check(t, err)
	check(t, b.Close())
	_, err = s.VerifyAll(t.Context(), store.VerifyOptions{})
	check(t, err)
	_, err = s.GC(t.Context(), true)
	check(t, err)
	if after := tree(t, root); after != before {
		t.Errorf("reading left %s, before there was %s", after, before)
	}
}

// tree lists all names below a folder.
func tree(t testing.TB, root string) string {
	t.Helper()
	var names []string
	check(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return strings.Join(names, " ")
}

func TestStore_OfAMissingFolderIsEmpty(t *testing.T) {
	s := openReal(t, filepath.Join(t.TempDir(), "missing"))
	entries, err := s.List()
	check(t, err)
	found, err := s.GC(t.Context(), false)
	check(t, err)
	checks, err := s.VerifyAll(t.Context(), store.VerifyOptions{})
	check(t, err)
	if len(entries)+len(found.Garbage)+len(checks) != 0 {
		t.Errorf("an empty store has %v, %v, %v", entries, found, checks)
	}
}

func TestOpen_RefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	if _, err := store.Open(file, store.Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v, want an error that names %s", err, file)
	}
}

func TestOpenSource_FollowsLinks(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "blobs", "weights"), "weights")
	link := filepath.Join(dir, "link.gguf")
	check(t, os.Symlink(filepath.Join("blobs", "weights"), link))
	done := importFile(t, openReal(t, filepath.Join(dir, "models")), link, "tiny")
	if done.Manifest.Blob.Hex() != sum("weights") {
		t.Errorf("the import says %+v", done)
	}
	if _, err := store.OpenSource(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing file is a source")
	}
}
