package store_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

func TestImport_MakesBlobAndManifest(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("files/model.gguf", "weights")
	var told [][2]int64
	done, err := w.store.Import(t.Context(), w.file("model.gguf"), mustName(t, "tiny"), store.ImportOptions{
		License:  "apache-2.0",
		Origin:   store.Origin{Registry: "example.org", Repo: "a/b", Revision: "main", Filename: "model.gguf"},
		Progress: func(done, total int64) { told = append(told, [2]int64{done, total}) },
	})
	check(t, err)
	if got := w.read("store/" + dataPath(sum("weights"))); got != "weights" {
		t.Errorf("the blob is %q", got)
	}
	want := `{
  "schema_version": 1,
  "name": "tiny",
  "format": "gguf",
  "blob": "sha256:` + sum("weights") + `",
  "size_bytes": 7,
  "license": "apache-2.0",
  "source": {
    "registry": "example.org",
    "repo": "a/b",
    "revision": "main",
    "filename": "model.gguf"
  },
  "produced_by": "inferd/test",
  "produced_at": "2026-11-22T12:00:00Z"
}
`
	if diff := cmp.Diff(want, w.read("store/manifests/tiny.json")); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if done.Method != store.MethodClone || done.Saved != 7 || done.Manifest.Blob.Hex() != sum("weights") {
		t.Errorf("the import says %+v", done)
	}
	if diff := cmp.Diff([][2]int64{{7, 7}}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if got := w.read("files/model.gguf"); got != "weights" {
		t.Errorf("the source is %q", got)
	}
	w.valid()
	w.clean()
}

func TestImport_FallsBackToACopy(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true})
	if done := w.add("tiny", "weights"); done.Method != store.MethodCopy || done.Saved != 0 {
		t.Errorf("the import says %+v", done)
	}
	w.overwrite("files/tiny", "changed")
	w.valid()
}

func TestImport_KeepsABlobThatIsThere(t *testing.T) {
	for _, o := range []disktest.MemoryOptions{{}, {NoClone: true}} {
		w := newWorld(t, o)
		w.add("one", "weights")
		done := w.add("two", "weights")
		if done.Method != store.MethodPresent || done.Saved != 7 {
			t.Errorf("the second import says %+v", done)
		}
		if n := len(w.files("store/blobs")); n != 1 {
			t.Errorf("%d blobs, want 1", n)
		}
		w.valid()
		w.clean()
	}
}

func TestImport_ReplacesABlobOfTheWrongSize(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("one", "weights")
	w.overwrite("store/"+dataPath(sum("weights")), "wei")
	w.add("two", "weights")
	w.valid()
}

func TestImport_OfTheSameBytesChangesNothingOfOthers(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	manifest := strings.Replace(w.read("store/manifests/tiny.json"), `"filename": ""`, `"filename": "", "mirror": {"a": 1}`, 1)
	manifest = strings.Replace(manifest, `"format"`, `"tags": ["mine"], "format"`, 1)
	w.write("store/manifests/tiny.json", manifest)
	w.add("tiny", "weights")
	for _, want := range []string{`"mine"`, `"mirror"`} {
		if got := w.read("store/manifests/tiny.json"); !strings.Contains(got, want) {
			t.Errorf("the field of another tool with %s is lost:\n%s", want, got)
		}
	}
	w.valid()
}

func TestImport_RefusesAnotherBlobForTheName(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	for _, content := range []string{"another size", "Weights"} {
		w.write("files/new", content)
		_, err := w.store.Import(t.Context(), w.file("new"), mustName(t, "tiny"), store.ImportOptions{})
		exists, ok := errors.AsType[*store.ExistsError](err)
		if !ok || exists.Blob.Hex() != sum("weights") {
			t.Fatalf("%q: %v, want an *ExistsError", content, err)
		}
		if n := len(w.files("store/blobs")); n != 1 {
			t.Errorf("%q: the refused bytes are in the store", content)
		}
		w.clean()
	}
	done, err := w.store.Import(t.Context(), w.file("new"), mustName(t, "tiny"), store.ImportOptions{Replace: true})
	check(t, err)
	if done.Manifest.Blob.Hex() != sum("Weights") {
		t.Errorf("the replaced name stands for %s", done.Manifest.Blob)
	}
	w.valid()
	w.clean()
}

func TestImport_RefusesANameWithABrokenManifest(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/manifests/tiny.json", "{")
	w.write("files/tiny", "weights")
	_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	if exists, ok := errors.AsType[*store.ExistsError](err); !ok || !exists.Blob.IsZero() || !strings.Contains(err.Error(), "can't be read") {
		t.Fatalf("%v, want an *ExistsError", err)
	}
	_, err = w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{Replace: true})
	check(t, err)
	w.valid()
}

func TestImport_ChecksTheExpectedDigest(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("files/tiny", "weights")
	_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{Expect: mustDigest(t, sum("other"))})
	mismatch, ok := errors.AsType[*store.MismatchError](err)
	if !ok || mismatch.Actual.Hex() != sum("weights") || mismatch.Want.Hex() != sum("other") {
		t.Fatalf("%v, want a *MismatchError", err)
	}
	if files := w.files("store/blobs"); files != nil {
		t.Errorf("%q is there after a mismatch", files)
	}
	w.clean()
	_, err = w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{Expect: mustDigest(t, sum("weights"))})
	check(t, err)
}

func TestImport_ChecksTheRoomBeforeACopy(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true, Capacity: 100_000})
	w.write("files/big", strings.Repeat("x", 40_000))
	_, err := w.store.Import(t.Context(), w.file("big"), mustName(t, "big"), store.ImportOptions{})
	space, ok := errors.AsType[*store.SpaceError](err)
	if !ok || space.Need <= 40_000 || space.Free != 100_000-40_000-int64(len(w.read("store/locks/big.lock"))) {
		t.Fatalf("%v (%+v), want a *SpaceError", err, space)
	}
	w.clean()
	for _, op := range w.faulty.Ops() {
		if op.Kind == disktest.OpCreate && strings.HasPrefix(op.Name, "partial/") {
			t.Errorf("a copy was begun")
		}
	}
}

func TestImport_ReportsAFullDisk(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true}, disktest.Fault{
		Match: func(op disktest.Op) bool {
			return op.Kind == disktest.OpWrite && strings.HasPrefix(op.Name, "partial/")
		},
		Err: syscall.ENOSPC,
	})
	w.write("files/tiny", "weights")
	_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want ENOSPC", err)
	}
	w.clean()
}

func TestImport_NoticesAFileThatChanges(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"grows": func(w *world) { w.overwrite("files/tiny", "weights and more") },
		"other": func(w *world) { *w.now = w.now.Add(1); w.overwrite("files/tiny", "WEIGHTS") },
	} {
		for _, o := range []disktest.MemoryOptions{{}, {NoClone: true}} {
			w := newWorld(t, o)
			w.write("files/tiny", "weights")
			_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{
				Progress: func(int64, int64) { change(w) },
			})
			if _, ok := errors.AsType[*store.ChangedError](err); !ok {
				t.Errorf("%s: %v, want a *ChangedError", name, err)
			}
			w.valid()
			w.clean()
		}
	}
}

func TestImport_EndsWithItsContext(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true})
	w.write("files/tiny", strings.Repeat("weights", 1<<20))
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := w.store.Import(ctx, w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{
		Progress: func(int64, int64) { cancel(stop) },
	})
	if !errors.Is(err, stop) {
		t.Fatalf("%v, want the cause", err)
	}
	w.valid()
	w.clean()
}

func TestImport_ReportsAMissingSource(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "import tiny as tiny") {
		t.Errorf("%v", err)
	}
}

func TestImport_TakesAnEmptyFile(t *testing.T) {
	for _, o := range []disktest.MemoryOptions{{}, {NoClone: true}} {
		w := newWorld(t, o)
		w.add("empty", "")
		w.valid()
	}
}
