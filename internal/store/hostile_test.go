package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// secretOutside returns a folder with a file that no store may reach.
func secretOutside(t *testing.T) string {
	t.Helper()
	outside := t.TempDir()
	writeFile(t, filepath.Join(outside, "data"), "secret")
	return outside
}

// untouched checks that the secret is as it was, and alone.
func untouched(t *testing.T, outside string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(outside, "data"))
	check(t, err)
	if names := tree(t, outside); string(got) != "secret" || strings.Count(names, " ") != 1 {
		t.Errorf("outside of the store there is %s, and the secret is %q", names, got)
	}
}

func TestStore_FollowsNoLinkToABlob(t *testing.T) {
	digest := sum("secret")
	for name, c := range map[string]struct{ link, target string }{
		"data":           {dataPath(digest), "data"},
		"blob folder":    {"blobs/sha256/" + digest[:2] + "/" + digest, ""},
		"fanout":         {"blobs/sha256/" + digest[:2], ""},
		"all blobs":      {"blobs", ""},
		"link to inside": {dataPath(digest), "inside"},
	} {
		t.Run(name, func(t *testing.T) {
			root, outside := t.TempDir(), secretOutside(t)
			handMade(t, root, "tiny", "secret")
			link := filepath.Join(root, filepath.FromSlash(c.link))
			check(t, os.RemoveAll(link))
			target := filepath.Join(outside, c.target)
			if c.target == "inside" {
				writeFile(t, filepath.Join(filepath.Dir(link), "inside"), "secret")
				target = "inside"
			}
			check(t, os.Symlink(target, link))
			s := openReal(t, root)
			e, err := s.Get(mustName(t, "tiny"))
			check(t, err)
			if e.State == store.BlobPresent {
				t.Errorf("the blob is %s", e.State)
			}
			if b, err := s.Blob(t.Context(), e.Manifest.Blob); err == nil {
				b.Close()
				t.Error("a link was opened as a blob")
			}
			if _, err := s.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{Repair: true}); err == nil && name == "data" {
				t.Error("a link was verified")
			}
			file := filepath.Join(t.TempDir(), "file")
			writeFile(t, file, "secret")
			src, err := store.OpenSource(file)
			check(t, err)
			defer src.Close()
			if _, err := s.Import(t.Context(), src, mustName(t, "again"), store.ImportOptions{}); !errors.Is(err, disk.ErrSymlink) {
				t.Errorf("an import over a link: %v, want ErrSymlink", err)
			}
			_, err = s.Remove(t.Context(), mustName(t, "tiny"))
			if err != nil && !errors.Is(err, disk.ErrSymlink) {
				t.Error(err)
			}
			if _, err := s.GC(t.Context(), false); err != nil && !errors.Is(err, disk.ErrSymlink) {
				t.Error(err)
			}
			untouched(t, outside)
		})
	}
}

func TestStore_FollowsNoLinkToAManifest(t *testing.T) {
	root, outside := t.TempDir(), secretOutside(t)
	handMade(t, root, "tiny", "weights")
	check(t, os.Symlink("tiny.json", filepath.Join(root, "manifests", "inner.json")))
	check(t, os.Symlink(filepath.Join(outside, "data"), filepath.Join(root, "manifests", "outer.json")))
	s := openReal(t, root)
	entries, err := s.List()
	check(t, err)
	for _, e := range entries {
		if good := e.Name.String() == "tiny"; good == (e.Err != nil) {
			t.Errorf("%s: %v", e.Name, e.Err)
		}
	}
	if len(entries) != 3 {
		t.Errorf("%d entries, want all three", len(entries))
	}
	// A name that is a link is removed, not what it leads to.
	for _, name := range []string{"inner", "outer"} {
		_, err := s.Remove(t.Context(), mustName(t, name))
		check(t, err)
	}
	if _, err := readByConvention(root, "tiny"); err != nil {
		t.Error(err)
	}
	untouched(t, outside)
}

func TestStore_WritesThroughNoLink(t *testing.T) {
	for _, dir := range []string{"locks", "partial", "manifests", "blobs", "blobs/sha256"} {
		t.Run(dir, func(t *testing.T) {
			root, outside := t.TempDir(), secretOutside(t)
			link := filepath.Join(root, filepath.FromSlash(dir))
			check(t, os.MkdirAll(filepath.Dir(link), 0o755))
			check(t, os.Symlink(outside, link))
			file := filepath.Join(t.TempDir(), "file")
			writeFile(t, file, "weights")
			src, err := store.OpenSource(file)
			check(t, err)
			defer src.Close()
			_, err = openReal(t, root).Import(t.Context(), src, mustName(t, "tiny"), store.ImportOptions{})
			if !errors.Is(err, disk.ErrSymlink) {
				t.Errorf("%v, want ErrSymlink", err)
			}
			untouched(t, outside)
		})
	}
}

func TestStore_BoundsManifests(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	huge := filepath.Join(root, "manifests", "huge.json")
	writeFile(t, huge, "{")
	check(t, os.Truncate(huge, 100<<20))
	s := openReal(t, root)
	_, err := s.Get(mustName(t, "huge"))
	if err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("a manifest of 100 MiB: %v", err)
	}
	entries, err := s.List()
	check(t, err)
	if len(entries) != 2 || entries[0].Err == nil || entries[1].Err != nil {
		t.Errorf("entries %+v", entries)
	}
}

// A broken manifest may stand for any blob, so none is removed until somebody
// has looked.
func TestGC_KeepsAllBlobsWhileAManifestIsUnreadable(t *testing.T) {
	for name, text := range map[string]string{
		"cut.json":      `{"schema_version":1,`,
		"newer.json":    `{"schema_version":2,"blobs":["sha256:` + sum("weights") + `"]}`,
		"bad.json":      `{"schema_version":1,"blob":"` + sum("weights") + `"}`,
		"bad name.json": `{`,
	} {
		root := t.TempDir()
		blob := filepath.Join(root, filepath.FromSlash(dataPath(sum("weights"))))
		writeFile(t, blob, "weights")
		writeFile(t, filepath.Join(root, "manifests", name), text)
		found, err := openReal(t, root).GC(t.Context(), false)
		check(t, err)
		if len(found.Unread) != 1 || found.Freed != 0 || len(found.Garbage) != 1 || !strings.Contains(found.Garbage[0].Kept, "can't be read") {
			t.Errorf("%s: gc finds %+v", name, found)
		}
		if _, err := os.Stat(blob); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A manifest with a name that is not ours still stands for its blob.
func TestGC_KeepsWhatAStrangeManifestStandsFor(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "strange name", "weights")
	found, err := openReal(t, root).GC(t.Context(), false)
	check(t, err)
	if len(found.Garbage) != 0 || len(found.Unread) != 0 {
		t.Errorf("gc finds %+v", found)
	}
}

func TestStore_LeavesFilesOfOthersAlone(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	var others []string
	for _, name := range []string{
		"README", "manifests/notes.txt", "manifests/.hidden.json.swp", "blobs/other/x", "blobs/sha256/README",
		"blobs/sha256/zz/data", "blobs/sha256/" + sum("weights")[:2] + "/" + sum("weights") + "/notes",
		"blobs/sha256/ff/" + sum("weights") + "/data", "locks/tiny.lock", "locks/quarantine/x.bin",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		writeFile(t, path, "x")
		others = append(others, path)
	}
	s := openReal(t, root)
	_, err := s.Remove(t.Context(), mustName(t, "tiny"))
	check(t, err)
	_, err = s.GC(t.Context(), false)
	check(t, err)
	for _, path := range others {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
