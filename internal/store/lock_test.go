package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// hold takes the lock of a name as another process would.
func (w *world) hold(name string) (release func()) {
	w.t.Helper()
	check(w.t, disk.MkdirAll(w.volume, "store/locks"))
	release, err := disk.TryLockFile(w.volume.Sub("store"), "locks/"+name+".lock")
	check(w.t, err)
	return release
}

func TestImport_WaitsForAnotherWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, disktest.MemoryOptions{})
		w.write("files/tiny", "weights")
		release := w.hold("tiny")
		began := time.Now()
		time.AfterFunc(time.Minute, release)
		_, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
		check(t, err)
		if waited := time.Since(began); waited < time.Minute || waited > time.Minute+time.Second {
			t.Errorf("it waited %v, want a minute", waited)
		}
		if diff := cmp.Diff([]string{"waiting tiny"}, w.events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestStore_WaitsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, disktest.MemoryOptions{})
		w.add("tiny", "weights")
		defer w.hold("tiny")()
		stop := errors.New("stop")
		for what, do := range map[string]func(ctx context.Context) error{
			"import": func(ctx context.Context) error {
				_, err := w.store.Import(ctx, w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
				return err
			},
			"remove": func(ctx context.Context) error {
				_, err := w.store.Remove(ctx, mustName(t, "tiny"))
				return err
			},
		} {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Minute, func() { cancel(stop) })
			err := do(ctx)
			if !errors.Is(err, stop) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
				t.Errorf("%s: %v, want one that says who was waited for, and the cause", what, err)
			}
		}
		w.valid()
	})
}

func TestStore_OtherNamesDoNotWait(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	defer w.hold("other")()
	w.add("tiny", "weights")
	if len(w.events) != 0 {
		t.Errorf("events %q", w.events)
	}
}

func TestImport_OfTheSameBytesAtOnceEndsWell(t *testing.T) {
	content := strings.Repeat("weights", 1<<16)
	for _, o := range []disktest.MemoryOptions{{}, {NoClone: true}} {
		w := newWorld(t, o)
		w.write("files/weights", content)
		importAtOnce(t, w.store, func() *store.Source { return w.file("weights") })
		w.valid()
		w.clean()
		if n := len(w.files("store/blobs")); n != 1 {
			t.Errorf("%d blobs, want 1", n)
		}
	}
	root, file := t.TempDir(), filepath.Join(t.TempDir(), "weights")
	writeFile(t, file, content)
	importAtOnce(t, openReal(t, root), func() *store.Source {
		src, err := store.OpenSource(file)
		check(t, err)
		t.Cleanup(func() { src.Close() })
		return src
	})
	for i := range 4 {
		_, err := readByConvention(root, fmt.Sprint("tiny-", i))
		check(t, err)
	}
}

// importAtOnce has eight importers, two for each name, all with the same bytes,
// while garbage is collected all the time.
func importAtOnce(t *testing.T, s *store.Store, source func() *store.Source) {
	t.Helper()
	var (
		importers sync.WaitGroup
		collector sync.WaitGroup
		done      = make(chan struct{})
	)
	for i := range 8 {
		name, src := mustName(t, fmt.Sprint("tiny-", i/2)), source()
		importers.Go(func() {
			if _, err := s.Import(t.Context(), src, name, store.ImportOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	collector.Go(func() {
		for {
			if _, err := s.GC(t.Context(), false); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	importers.Wait()
	close(done)
	collector.Wait()
	entries, err := s.List()
	check(t, err)
	if len(entries) != 4 {
		t.Errorf("%d names, want 4", len(entries))
	}
}
