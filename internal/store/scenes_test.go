package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
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

// play makes the world of a scene, and opens its store with faults.
func (s scene) play(t *testing.T, faults ...disktest.Fault) *world {
	t.Helper()
	w := newWorld(t, s.options)
	s.before(w)
	w.volume.Settle()
	w.open(faults...)
	return w
}

// again runs the scene to its end in the world as it is, and checks that
// nothing remains of what went before.
func (s scene) again(w *world) {
	w.t.Helper()
	w.open()
	if err := s.do(w.context(), w); err != nil {
		w.t.Fatalf("run again: %v", err)
	}
	s.after(w)
	w.valid(s.bad...)
	*w.now = w.now.Add(60 * 24 * time.Hour)
	_, err := w.store.GC(w.context(), false)
	check(w.t, err)
	w.valid(s.bad...)
	w.clean()
}

// A power cut before any operation of the file system: the store is valid when
// the power is back, whatever of the rest has reached the disk, and the same
// operation comes to its end.
func TestPowerCut_LeavesAValidStoreAtEveryOperation(t *testing.T) {
	const seeds = 3
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				w := s.play(t, disktest.Fault{After: n, Crash: true})
				err := s.do(t.Context(), w)
				crashed := w.faulty.Happened()
				if err != nil && (!crashed || !errors.Is(err, disktest.ErrCrashed)) {
					t.Fatalf("crash at operation %d: %v", n, err)
				}
				before := *w.now
				for seed := range uint64(seeds) {
					found := &world{t: t, now: w.now, volume: w.volume.Crash(rand.New(rand.NewPCG(seed, uint64(n))))}
					*found.now = before
					found.open()
					found.valid(s.bad...)
					if err == nil {
						s.after(found) // what was reported as done is durable
					}
					s.again(found)
				}
				if !crashed {
					return
				}
			}
		})
	}
}

// An error of any operation: it is reported or does not matter, nothing
// unfinished can be seen, and the same operation comes to its end afterwards.
func TestDiskError_LeavesAValidStoreAtEveryOperation(t *testing.T) {
	for _, s := range scenes() {
		for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
			t.Run(fmt.Sprintf("%s, %v", s.name, fault), func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					w := s.play(t, disktest.Fault{After: n, Err: fault})
					err := s.do(t.Context(), w)
					if err != nil && !errors.Is(err, fault) {
						t.Fatalf("%v at operation %d: reported as %v", fault, n, err)
					}
					happened := w.faulty.Happened()
					w.valid(s.bad...)
					if err == nil {
						w.open()
						s.after(w)
					}
					s.again(w)
					if !happened {
						return
					}
				}
			})
		}
	}
}

// A disk that is full for good: nothing can be written, and what is there stays.
func TestDiskFull_LeavesAValidStore(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			w := s.play(t)
			full := func(op disktest.Op) bool {
				return op.Kind == disktest.OpWrite || op.Kind == disktest.OpCreate || op.Kind == disktest.OpMkdir
			}
			var faults []disktest.Fault
			for range 50 {
				faults = append(faults, disktest.Fault{Match: full, Err: syscall.ENOSPC})
			}
			w.open(faults...)
			if err := s.do(t.Context(), w); err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("reported as %v", err)
			}
			w.valid(s.bad...)
			s.again(w)
		})
	}
}

// Who placed the bytes that are there may not have made them durable. Our
// manifest must not be the first thing to survive a power cut.
func TestImport_MakesDurableWhatSomebodyElsePlaced(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("files/tiny", "weights")
	w.volume.Settle()
	data := "store/" + dataPath(sum("weights"))
	for i := range len(data) {
		if data[i] == '/' && !w.has(data[:i]) {
			check(t, w.volume.Mkdir(data[:i]))
		}
	}
	f, err := w.volume.Create(data)
	check(t, err)
	_, err = f.Write([]byte("weights"))
	check(t, err)
	check(t, f.Close())
	done, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	check(t, err)
	if done.Method != store.MethodPresent {
		t.Fatalf("the import says %+v", done)
	}
	for seed := range uint64(50) {
		found := &world{t: t, now: w.now, volume: w.volume.Crash(rand.New(rand.NewPCG(seed, 0)))}
		found.open()
		found.valid()
		tinyIs("weights")(found)
	}
}
