package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

// memoryServer answers requests for a file without a network.
type memoryServer struct {
	data []byte
	sent atomic.Int64
}

func (s *memoryServer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("ETag", `"one"`)
	http.ServeContent(w, r, "model.gguf", time.Time{}, bytes.NewReader(s.data))
	resp := w.Result()
	resp.Request = r
	s.sent.Add(int64(w.Body.Len()))
	return resp, nil
}

// world is a volume with a store, and a server.
type world struct {
	t      testing.TB
	volume *disktest.Memory
	faulty *disktest.Faulty
	store  *store.Store
	server *memoryServer
	now    time.Time
	boot   int
	bad    bool // the server's bytes are not the right ones
	told   int  // errors of quarantine events
}

var right = weights(70<<10, 1)

func newWorld(t testing.TB, bad bool) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), boot: 1, bad: bad, server: &memoryServer{data: right}}
	if bad {
		w.server.data = weights(len(right), 2)
	}
	w.volume = disktest.NewMemory(disktest.MemoryOptions{Now: func() time.Time { return w.now }})
	check(t, w.volume.Mkdir("store"))
	w.volume.Settle()
	return w
}

// open opens the store as it is, with these faults to come.
func (w *world) open(faults ...disktest.Fault) {
	w.faulty = disktest.NewFaulty(w.volume.Sub("store"), faults...)
	w.store = store.New(w.faulty, store.Options{
		SyncEvery: 32 << 10,

		Now: func() time.Time { return w.now }, BootID: fmt.Sprint("boot ", w.boot),
		Listener: store.Listener{Quarantine: func(store.Quarantined) { w.told++ }},
	})
}

func (w *world) pull() error {
	c := fetch.New(fetch.Config{Proxy: noProxy, FirstWait: time.Nanosecond, MostWait: time.Nanosecond})
	c.SetTransport(w.server)
	src := fetch.Source{Name: "tiny", URL: "https://hub.example/f", SHA256: digest(right), Size: int64(len(right))}
	_, err := c.Ensure(w.t.Context(), w.store, src, fetch.Options{Asked: true})
	return err
}

func (w *world) files(dir string) []string {
	w.t.Helper()
	entries, err := w.volume.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	check(w.t, err)
	var files []string
	for _, e := range entries {
		if name := path.Join(dir, e.Name()); e.IsDir() {
			files = append(files, w.files(name)...)
		} else {
			files = append(files, name)
		}
	}
	return files
}

func (w *world) read(name string) []byte {
	w.t.Helper()
	f, err := w.volume.Open(name)
	check(w.t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	check(w.t, err)
	return b
}

// valid checks the store as another tool would: every blob has the digest of
// its path, and the name, if it is there, stands for one.
func (w *world) valid() {
	w.t.Helper()
	blobs := 0
	for _, file := range w.files("store/blobs") {
		if got := digest(w.read(file)); got != path.Base(path.Dir(file)) {
			w.t.Fatalf("%s has the digest %s", file, got)
		}
		blobs++
	}
	for _, file := range w.files("store/manifests") {
		if strings.HasSuffix(file, ".json") && (blobs == 0 || !bytes.Contains(w.read(file), []byte(digest(right)))) {
			w.t.Fatalf("%s stands for what is not there:\n%s", file, w.read(file))
		}
	}
}

// again pulls to the end in the world as it is.
func (w *world) again() {
	w.t.Helper()
	w.open()
	err := w.pull()
	var mismatch *store.MismatchError
	switch {
	case w.bad && !errors.As(err, &mismatch):
		w.t.Fatalf("bad bytes, pulled again: %v", err)
	case !w.bad && err != nil:
		w.t.Fatalf("pulled again: %v", err)
	}
	w.valid()
	if !w.bad && !slices.Contains(w.files("store"), "store/manifests/tiny.json") {
		w.t.Fatalf("the store has %s", w.files("store"))
	}
	w.now = w.now.Add(60 * 24 * time.Hour)
	if _, err := w.store.GC(w.t.Context(), false); err != nil {
		w.t.Fatal(err)
	}
	left := slices.DeleteFunc(w.files("store"), func(f string) bool {
		return !disk.IsTemp(f) && !strings.HasPrefix(f, "store/partial/")
	})
	if len(left) > 0 {
		w.t.Fatalf("%s is left", left)
	}
}

// A power cut before any operation of the file system, with whatever of the
// rest on the disk: the store is valid, and the pull comes to its end.
func TestPull_PowerCutLeavesAValidStoreAtEveryOperation(t *testing.T) {
	for _, bad := range []bool{false, true} {
		t.Run(fmt.Sprint("bad ", bad), func(t *testing.T) {
			t.Parallel()
			kept := int64(0) // that no run had to fetch again
			for n := 0; ; n++ {
				w := newWorld(t, bad)
				w.open(disktest.Fault{After: n, Crash: true})
				err := w.pull()
				crashed := w.faulty.Happened()
				if crashed && err == nil {
					err = errors.New("done")
				}
				for seed := range uint64(2) {
					found := *w
					found.server = &memoryServer{data: w.server.data}
					found.volume = w.volume.Crash(rand.New(rand.NewPCG(seed, uint64(n))))
					found.boot = 2
					found.open()
					found.valid()
					found.again()
					kept += int64(len(right)) - found.server.sent.Load()
				}
				if !crashed {
					if !bad {
						check(t, err)
					}
					break
				}
			}
			if !bad && kept <= 0 {
				t.Error("nothing ever survived a power cut")
			}
		})
	}
}

// The same for processes that are killed: the system keeps what they wrote, and
// what was checkpointed does not come twice.
func TestPull_KillLeavesAValidStoreAtEveryOperation(t *testing.T) {
	for n := 0; ; n++ {
		w := newWorld(t, false)
		w.open(disktest.Fault{After: n, Crash: true})
		err := w.pull()
		crashed := w.faulty.Happened()
		reads := 0
		w.valid()
		w.server.sent.Store(0)
		w.open()
		check(t, w.pull())
		for _, op := range w.faulty.Ops() {
			if op.Kind == disktest.OpRead && strings.HasSuffix(op.Name, ".part") {
				reads++
			}
		}
		if reads > 0 {
			t.Fatalf("killed at operation %d: the part was read again", n)
		}
		w.again()
		if !crashed {
			check(t, err)
			return
		}
	}
}

// An error of any operation is reported, or does not matter; nothing unfinished
// can be seen, and the next pull comes to its end.
func TestPull_DiskErrorLeavesAValidStoreAtEveryOperation(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
		for _, bad := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, bad %v", fault, bad), func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					w := newWorld(t, bad)
					w.open(disktest.Fault{After: n, Err: fault})
					err := w.pull()
					happened := w.faulty.Happened()
					_, mismatch := errors.AsType[*store.MismatchError](err)
					if err != nil && !errors.Is(err, fault) && (!bad || !mismatch) {
						t.Fatalf("%v at operation %d: reported as %v", fault, n, err)
					}
					w.valid()
					w.again()
					if !happened {
						break
					}
				}
			})
		}
	}
}

// A disk that fills up while bytes come: the error is the disk's, once, and
// what came stays for when there is room.
func TestPull_DiskFillsUpOnTheWay(t *testing.T) {
	w := newWorld(t, false)
	w.open(disktest.Fault{
		Match: func(op disktest.Op) bool {
			return op.Kind == disktest.OpWrite && strings.HasSuffix(op.Name, ".part")
		},
		After: 2, Err: syscall.ENOSPC,
	})
	err := w.pull()
	var local *store.ReceiveError
	if !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &local) {
		t.Fatal(err)
	}
	w.server.sent.Store(0)
	w.open()
	check(t, w.pull())
	if again := w.server.sent.Load(); again > int64(len(right))-32<<10 {
		t.Errorf("%d bytes came again", again)
	}
}

// A stopped pull's files are kept by GC for a week.
func TestPull_GCKeepsWhatCanGoOn(t *testing.T) {
	w := newWorld(t, false)
	w.open(disktest.Fault{Match: func(op disktest.Op) bool { return op.Kind == disktest.OpSync }, Crash: true})
	if err := w.pull(); err == nil {
		t.Fatal("it was not stopped")
	}
	for _, c := range []struct {
		later time.Duration
		files int
	}{{6 * 24 * time.Hour, 2}, {2 * 24 * time.Hour, 0}} {
		w.now = w.now.Add(c.later)
		w.open()
		_, err := w.store.GC(context.Background(), false)
		check(t, err)
		if left := w.files("store/partial"); len(left) != c.files {
			t.Errorf("%s are left, want %d files", left, c.files)
		}
	}
}
