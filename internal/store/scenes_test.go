package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// scene is an operation in a world in which it has something to do.
type scene struct {
	name    string
	options disktest.MemoryOptions
	// before makes the world, which has been like that for long.
	before func(w *world)
	// do is the operation. It may be run again after it was cut off.
	do func(ctx context.Context, w *world) error
	// after checks that it was done.
	after func(w *world)
	// bad are blobs that are bad or missing before, and may be after.
	bad []string
}

func importTiny(ctx context.Context, w *world) error {
	_, err := w.store.Import(ctx, w.file("tiny"), mustName(w.t, "tiny"), store.ImportOptions{Replace: true})
	return err
}

func adoptTiny(ctx context.Context, w *world) error {
	_, err := w.store.Adopt(ctx, w.file("tiny"), mustName(w.t, "tiny"), store.ImportOptions{})
	return err
}

// tinyIs checks what the name stands for.
func tinyIs(content string) func(w *world) {
	return func(w *world) {
		w.t.Helper()
		e, err := w.store.Get(mustName(w.t, "tiny"))
		check(w.t, err)
		if e.State != store.BlobPresent || e.Manifest.Blob.Hex() != sum(content) {
			w.t.Fatalf("tiny is %s, and %s", e.Manifest.Blob, e.State)
		}
	}
}

func scenes() []scene {
	corrupt := func(w *world) {
		w.add("tiny", "weights")
		w.add("same", "weights")
		w.overwrite("store/"+dataPath(sum("weights")), "Weights")
	}
	return []scene{{
		name:   "import by clone",
		before: func(w *world) { w.write("files/tiny", "weights") },
		do:     importTiny,
		after:  tinyIs("weights"),
	}, {
		name:    "import by copy",
		options: disktest.MemoryOptions{NoClone: true},
		before:  func(w *world) { w.write("files/tiny", strings.Repeat("weights", 1000)) },
		do:      importTiny,
		after:   tinyIs(strings.Repeat("weights", 1000)),
	}, {
		name:   "import of bytes that are there",
		before: func(w *world) { w.add("other", "weights"); w.write("files/tiny", "weights") },
		do:     importTiny,
		after:  tinyIs("weights"),
	}, {
		name:    "import in place of another",
		options: disktest.MemoryOptions{NoClone: true},
		before:  func(w *world) { w.add("tiny", "old"); w.write("files/tiny", "weights") },
		do:      importTiny,
		after:   tinyIs("weights"),
	}, {
		name: "import over a blob of the wrong size",
		before: func(w *world) {
			w.add("other", "weights")
			w.overwrite("store/"+dataPath(sum("weights")), "w")
			w.write("files/tiny", "weights")
		},
		do:    importTiny,
		after: tinyIs("weights"),
		bad:   []string{sum("weights")},
	}, {
		name:    "adopt by link",
		options: disktest.MemoryOptions{NoClone: true},
		before:  func(w *world) { w.write("files/tiny", "weights") },
		do:      adoptTiny,
		after:   tinyIs("weights"),
	}, {
		name:   "remove with its blob",
		before: func(w *world) { w.add("tiny", "weights"); w.add("other", "others") },
		do:     removeTiny,
		after: func(w *world) {
			if _, err := w.store.Get(mustName(w.t, "tiny")); !errors.Is(err, store.ErrNoModel) {
				w.t.Fatalf("tiny is there: %v", err)
			}
		},
	}, {
		name:   "remove of one of two names",
		before: func(w *world) { w.add("tiny", "weights"); w.add("other", "weights") },
		do:     removeTiny,
		after: func(w *world) {
			if files := w.files("store/blobs"); len(files) != 1 {
				w.t.Fatalf("blobs %q", files)
			}
		},
	}, {
		name: "gc",
		before: func(w *world) {
			w.add("other", "others")
			w.write("store/"+dataPath(sum("unnamed")), "unnamed")
			w.write("store/"+dataPath(sum("nobody")), "nobody")
			w.write("store/partial/import-x", "half")
			w.write("store/partial/download", "half")
			w.write("store/manifests/.tmp-x", "half")
			w.write("store/quarantine/"+sum("x")+"-y.data", "bad")
			*w.now = start.Add(60 * 24 * time.Hour)
		},
		do: func(ctx context.Context, w *world) error {
			found, err := w.store.GC(ctx, false)
			if slices.ContainsFunc(found.Garbage, func(g store.Garbage) bool { return g.Kept != "" }) {
				// A manifest could not be read just then, and no blob was removed.
				found, err = w.store.GC(ctx, false)
			}
			return errors.Join(append(found.Unread, err)...)
		},
		after: func(w *world) {
			got := strings.Join(append(w.files("store/blobs"), w.files("store/quarantine")...), " ")
			if want := "store/" + dataPath(sum("others")); got != want {
				w.t.Fatalf("gc leaves %s, want %s", got, want)
			}
			w.clean()
		},
	}, {
		name:   "repair",
		before: corrupt,
		do:     verifyTiny,
		after: func(w *world) {
			if files := w.files("store/blobs"); files != nil {
				w.t.Fatalf("a corrupt blob is left: %q", files)
			}
			if files := w.files("store/quarantine"); len(files) < 2 {
				w.t.Fatalf("quarantine has %q, want the bytes and a note", files)
			}
		},
		bad: []string{sum("weights")},
	}, {
		name: "repair of a wrong size",
		before: func(w *world) {
			w.add("tiny", "weights")
			w.write("store/manifests/tiny.json", strings.Replace(w.read("store/manifests/tiny.json"), "7,", "8,", 1))
		},
		do:    verifyTiny,
		after: tinyIs("weights"),
		bad:   []string{sum("weights")},
	}}
}

func removeTiny(ctx context.Context, w *world) error {
	_, err := w.store.Remove(ctx, mustName(w.t, "tiny"))
	if errors.Is(err, store.ErrNoModel) {
		return nil // it was cut off after that
	}
	return err
}

func verifyTiny(ctx context.Context, w *world) error {
	_, err := w.store.Verify(ctx, mustName(w.t, "tiny"), store.VerifyOptions{Repair: true})
	return err
}
