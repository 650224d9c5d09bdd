package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// collect runs GC and returns what it found, a line for each piece.
func (w *world) collect(dryRun bool) []string {
	w.t.Helper()
	found, err := w.store.GC(w.t.Context(), dryRun)
	check(w.t, err)
	var lines []string
	freed := int64(0)
	for _, g := range found.Garbage {
		line := string(g.Kind) + " " + strings.TrimPrefix(g.Path, "blobs/sha256/")
		if g.Kept != "" {
			line += ": " + g.Kept
		} else {
			freed += g.Size
		}
		lines = append(lines, line)
	}
	if freed != found.Freed {
		w.t.Errorf("%d bytes freed, the pieces have %d", found.Freed, freed)
	}
	slices.Sort(lines)
	return lines
}

func equal(t testing.TB, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// blobLine is how collect tells of a blob.
func blobLine(content string) string {
	return "blob " + strings.TrimPrefix(dataPath(sum(content)), "blobs/sha256/")
}

func TestGC_RemovesWhatNoNameNeeds(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	w.write("store/"+dataPath(sum("unnamed")), "unnamed")
	w.write("store/partial/import-x", "half")
	before := w.files("store")
	want := []string{blobLine("unnamed"), "partial partial/import-x"}
	equal(t, w.collect(true), want...)
	if diff := cmp.Diff(before, w.files("store")); diff != "" {
		t.Errorf("a dry run changed (-before +after):\n%s", diff)
	}
	equal(t, w.collect(false), want...)
	equal(t, w.collect(false))
	w.valid()
	w.clean()
}

func TestGC_RemovesEachThingAtItsAge(t *testing.T) {
	digest := sum("foreign")
	for name, c := range map[string]struct {
		file string
		kind string
		age  time.Duration
	}{
		"import":           {"partial/import-x", "partial", 0},
		"download":         {"partial/" + digest, "partial", 7 * 24 * time.Hour},
		"other tool's":     {"blobs/sha256/" + digest[:2] + "/.partial-" + digest + "/data.tmp", "partial", 7 * 24 * time.Hour},
		"manifest's temp":  {"manifests/.tmp-x", "temporary", time.Hour},
		"partial's temp":   {"partial/.tmp-x", "temporary", time.Hour},
		"note's temp":      {"quarantine/.tmp-x", "temporary", time.Hour},
		"quarantine":       {"quarantine/x.data", "quarantine", 30 * 24 * time.Hour},
		"note of nothing":  {"quarantine/x.json", "quarantine", 30 * 24 * time.Hour},
		"other quarantine": {"quarantine/strange", "quarantine", 30 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, disktest.MemoryOptions{})
			w.write("store/"+c.file, "half")
			if c.age > 0 {
				*w.now = start.Add(c.age - time.Second)
				equal(t, w.collect(false))
			}
			*w.now = start.Add(c.age)
			equal(t, w.collect(false), c.kind+" "+strings.TrimPrefix(c.file, "blobs/sha256/"))
			if w.has("store/" + c.file) {
				t.Error("it is still there")
			}
		})
	}
}

// Bytes that were moved into quarantine have the time of their writing.
func TestGC_CountsQuarantineFromItsNote(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	w.overwrite("store/"+dataPath(sum("weights")), "Weights")
	*w.now = start.Add(60 * 24 * time.Hour)
	_, err := w.store.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{Repair: true})
	check(t, err)
	*w.now = w.now.Add(29 * 24 * time.Hour)
	equal(t, w.collect(false))
	*w.now = w.now.Add(24 * time.Hour)
	if got := w.collect(false); len(got) != 2 {
		t.Errorf("gc finds %q, want bytes and note", got)
	}
}

func TestGC_KeepsWhatIsInUse(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/"+dataPath(sum("unnamed")), "unnamed")
	b, err := w.store.Blob(t.Context(), mustDigest(t, sum("unnamed")))
	check(t, err)
	equal(t, w.collect(false), blobLine("unnamed")+": in use")
	check(t, b.Close())
	equal(t, w.collect(false), blobLine("unnamed"))
}

// Another tool of the convention holds the lock of its name, and knows no
// leases: a fresh blob without a name may be its.
func TestGC_KeepsAYoungBlobWhileSomebodyWrites(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/"+dataPath(sum("unnamed")), "unnamed")
	release := w.hold("other")
	equal(t, w.collect(false), blobLine("unnamed")+": model other is being written")
	*w.now = start.Add(time.Hour)
	equal(t, w.collect(true), blobLine("unnamed"))
	*w.now = start
	release()
	equal(t, w.collect(false), blobLine("unnamed"))
}

func TestGC_RemovesEmptyFolders(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/"+dataPath(sum("unnamed")), "unnamed")
	check(t, w.volume.Remove("store/"+dataPath(sum("unnamed"))))
	w.collect(true)
	if !w.has("store/blobs/sha256/" + sum("unnamed")[:2]) {
		t.Error("a dry run removed a folder")
	}
	w.collect(false)
	if w.has("store/blobs/sha256/" + sum("unnamed")[:2]) {
		t.Error("an empty folder is left")
	}
}

func TestGC_EndsWithItsContext(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/"+dataPath(sum("unnamed")), "unnamed")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := w.store.GC(ctx, false); !errors.Is(err, stop) {
		t.Errorf("%v, want the cause", err)
	}
	if !w.has("store/" + dataPath(sum("unnamed"))) {
		t.Error("a blob was removed all the same")
	}
}

func TestRemove_TakesTheBlobAlong(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	r, err := w.store.Remove(t.Context(), mustName(t, "tiny"))
	check(t, err)
	if r.Freed != 7 || r.Kept != "" || r.Blob.Hex() != sum("weights") {
		t.Errorf("the removal says %+v", r)
	}
	equal(t, w.files("store"), "store/locks/tiny.lock")
}

func TestRemove_KeepsABlobThatAnotherNameStandsFor(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	w.add("a", "weights")
	w.add("b", "weights")
	r, err := w.store.Remove(t.Context(), mustName(t, "tiny"))
	check(t, err)
	if r.Freed != 0 || r.Kept != "model a, b" {
		t.Errorf("the removal says %+v", r)
	}
	w.valid()
}

func TestRemove_TakesNamesInAnyState(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("store/manifests/broken.json", "{")
	r, err := w.store.Remove(t.Context(), mustName(t, "broken"))
	check(t, err)
	if !r.Blob.IsZero() || r.Kept == "" {
		t.Errorf("the removal says %+v", r)
	}
	w.add("tiny", "weights")
	check(t, w.volume.Remove("store/"+dataPath(sum("weights"))))
	r, err = w.store.Remove(t.Context(), mustName(t, "tiny"))
	check(t, err)
	if r.Freed != 0 || r.Kept != "" {
		t.Errorf("the removal says %+v", r)
	}
	entries, err := w.store.List()
	check(t, err)
	if len(entries) != 0 {
		t.Errorf("entries %+v", entries)
	}
}

func TestRemove_OfAMissingNameLeavesNothing(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	_, err := w.store.Remove(t.Context(), mustName(t, "tiny"))
	if !errors.Is(err, store.ErrNoModel) || !strings.Contains(err.Error(), "tiny") {
		t.Errorf("%v, want ErrNoModel", err)
	}
	equal(t, w.files("store"))
}
