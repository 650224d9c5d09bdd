package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// split publishes a model of several files.
func (w *world) split(name string, contents ...string) store.Manifest {
	w.t.Helper()
	n := mustName(w.t, name)
	release, err := w.store.Claim(w.context(), n)
	check(w.t, err)
	defer release()
	var blobs []*store.Blob
	var names []string
	for _, content := range contents {
		a, b, err := w.store.Arrive(w.context(), mustDigest(w.t, sum(content)), int64(len(content)))
		check(w.t, err)
		if a != nil {
			check(w.t, a.Receive(w.context(), strings.NewReader(content), nil))
			b, err = a.Finish(w.context(), "https://example.com")
			check(w.t, err)
		}
		defer b.Close()
		blobs, names = append(blobs, b), append(names, content+".gguf")
	}
	m, err := w.store.Publish(n, blobs, names, store.ImportOptions{})
	check(w.t, err)
	return m
}

func TestPublish_PartsAreKeptAndGoWithTheirModel(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.split("big", "first", "second", "third")
	w.split("other", "third")
	e, err := w.store.Get(mustName(t, "big"))
	check(t, err)
	var names []string
	for _, f := range e.Manifest.Files() {
		names = append(names, f.Filename)
	}
	if diff := cmp.Diff([]string{"first.gguf", "second.gguf", "third.gguf"}, names); diff != "" {
		t.Error(diff)
	}
	if e.State != store.BlobPresent || e.Manifest.TotalSize() != 16 {
		t.Errorf("the model is %+v", e)
	}
	equal(t, w.collect(false))
	w.valid()
	r, err := w.store.Remove(t.Context(), mustName(t, "big"))
	check(t, err)
	if r.Freed != 11 || r.Kept != "model other" || w.has("store/"+dataPath(sum("second"))) || !w.has("store/"+dataPath(sum("third"))) {
		t.Errorf("removed %+v", r)
	}
	w.clean()
}

func TestVerify_LooksAtEveryPart(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.split("big", "first", "second")
	w.overwrite("store/"+dataPath(sum("second")), "Second")
	c, err := w.store.Verify(t.Context(), mustName(t, "big"), store.VerifyOptions{Repair: true})
	check(t, err)
	if c.State != store.CheckCorrupt || c.Blob.Hex() != sum("second") || c.QuarantinePath == "" {
		t.Errorf("the check says %+v", c)
	}
	e, err := w.store.Get(mustName(t, "big"))
	check(t, err)
	if e.State != store.BlobMissing {
		t.Errorf("the model is %s", e.State)
	}
}

func TestVerify_CorrectsTheSizeOfAPart(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.split("big", "first", "second")
	file := "store/manifests/big.json"
	w.write(file, strings.Replace(w.read(file), `"size_bytes": 6`, `"size_bytes": 7`, 1))
	c, err := w.store.Verify(t.Context(), mustName(t, "big"), store.VerifyOptions{Repair: true})
	check(t, err)
	if c.State != store.CheckWrongSize || !c.Corrected || !strings.Contains(w.read(file), `"size_bytes": 6`) {
		t.Errorf("the check says %+v, and the manifest %s", c, w.read(file))
	}
}

// A part that can't be read may stand for any blob: none may go.
func TestGC_KeepsAllWhereAPartCannotBeRead(t *testing.T) {
	for _, bad := range []string{`[{"blob": "sha256:xyz"}]`, `[7]`, `"none"`, `[{}]`} {
		w := newWorld(t, disktest.MemoryOptions{})
		w.add("tiny", "weights")
		w.write("store/"+dataPath(sum("unnamed")), "unnamed")
		file := "store/manifests/tiny.json"
		w.write(file, strings.Replace(w.read(file), "{", `{"parts": `+bad+`,`, 1))
		found, err := w.store.GC(context.Background(), false)
		check(t, err)
		if len(found.Unread) != 1 || !w.has("store/"+dataPath(sum("unnamed"))) || !w.has("store/"+dataPath(sum("weights"))) {
			t.Errorf("%s: collected %+v", bad, found)
		}
	}
}
