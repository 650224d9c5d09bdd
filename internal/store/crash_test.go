package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

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
				before, seeds := *w.now, uint64(3)
				if err == nil {
					seeds = 20 // all that was done must be there after any of them
				}
				for seed := range seeds {
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
