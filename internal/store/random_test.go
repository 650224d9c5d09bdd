package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// Any operations in any order, each of which may be cut off by a power cut: the
// store is valid after every one of them, and what was reported as done is done.
func TestStore_SurvivesPowerCutsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, disktest.MemoryOptions{
			NoClone: rapid.Bool().Draw(rt, "no clone"),
			NoLink:  rapid.Bool().Draw(rt, "no link"),
		})
		contents := []string{"weights", "Weights", "others", ""}
		for i, content := range contents {
			w.write(fmt.Sprint("files/f", i), content)
		}
		w.volume.Settle()
		known := map[string]string{} // what names stand for, as far as reported
		for range rapid.IntRange(1, 12).Draw(rt, "operations") {
			if cut := rapid.IntRange(0, 80).Draw(rt, "cut at operation"); cut < 60 {
				w.open(disktest.Fault{After: cut, Crash: true})
			} else {
				w.open()
			}
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name")
			file := rapid.IntRange(0, len(contents)-1).Draw(rt, "file")
			operation := rapid.SampledFrom([]string{"import", "adopt", "remove", "gc", "verify"}).Draw(rt, "operation")
			done, err := w.perform(operation, name, fmt.Sprint("f", file))
			switch {
			case err != nil && !errors.Is(err, disktest.ErrCrashed) && !errors.Is(err, store.ErrNoModel):
				rt.Fatalf("%s: %v", operation, err)
			case err != nil && done:
				delete(known, name) // the old state or the new one
			case operation == "remove":
				delete(known, name)
			case err == nil && done:
				known[name] = contents[file]
			}
			if w.faulty.Happened() {
				seed := rapid.Uint64().Draw(rt, "seed")
				w.volume = w.volume.Crash(rand.New(rand.NewPCG(seed, 0)))
			}
			w.open()
			w.valid()
			for name, content := range known {
				e, err := w.store.Get(mustName(t, name))
				if err != nil || e.State != store.BlobPresent || e.Manifest.Blob.Hex() != sum(content) {
					rt.Fatalf("%s is %+v, %v, it must be %q", name, e, err, content)
				}
			}
		}
	})
}

// perform runs an operation, and says whether it changes what the name stands
// for.
func (w *world) perform(operation, name, file string) (changes bool, err error) {
	w.t.Helper()
	o := store.ImportOptions{Replace: true}
	switch operation {
	case "import":
		_, err = w.store.Import(w.context(), w.file(file), mustName(w.t, name), o)
		return true, err
	case "adopt":
		_, err = w.store.Adopt(w.context(), w.file(file), mustName(w.t, name), o)
		return true, err
	case "remove":
		_, err = w.store.Remove(w.context(), mustName(w.t, name))
		return true, err
	case "gc":
		_, err = w.store.GC(w.context(), false)
	default:
		_, err = w.store.VerifyAll(w.context(), store.VerifyOptions{Repair: true})
	}
	return false, err
}
