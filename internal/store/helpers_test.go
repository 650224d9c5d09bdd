package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustName(t testing.TB, s string) store.Name {
	t.Helper()
	n, err := store.ParseName(s)
	check(t, err)
	return n
}

func mustDigest(t testing.TB, hex string) store.Digest {
	t.Helper()
	d, err := store.ParseDigest(hex)
	check(t, err)
	return d
}

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// dataPath is the convention's path of a blob, written down a second time.
func dataPath(hex string) string { return "blobs/sha256/" + hex[:2] + "/" + hex + "/data" }

// world is a volume with a store and a folder of another tool.
type world struct {
	t      testing.TB
	volume *disktest.Memory
	faulty *disktest.Faulty // between the store and the volume
	now    *time.Time
	store  *store.Store

	// mu guards the fields below.
	mu     sync.Mutex
	events []string
}

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, o disktest.MemoryOptions, faults ...disktest.Fault) *world {
	t.Helper()
	now := start
	w := &world{t: t, now: &now}
	o.Now = func() time.Time { return now }
	w.volume = disktest.NewMemory(o)
	check(t, w.volume.Mkdir("store"))
	check(t, w.volume.Mkdir("files"))
	w.open(faults...)
	return w
}

// open opens the store on the volume as it is, with these faults to come.
func (w *world) open(faults ...disktest.Fault) {
	w.faulty = disktest.NewFaulty(w.volume.Sub("store"), faults...)
	w.store = store.New(w.faulty, store.Options{
		ProducedBy: "inferd/test",
		Now:        func() time.Time { return *w.now },
		Listener: store.Listener{
			Checking: func(path string) { w.event("checking", path) },
			Verify:   func(path string) { w.event("verify", path) },
			Quarantine: func(q store.Quarantined) {
				w.event("quarantine", q.Path, q.Expected.Hex(), q.Actual.Hex(), q.QuarantinePath)
			},
			Waiting: func(x store.Waiting) { w.event("waiting", x.Name.String()) },
		},
	})
}

func (w *world) event(words ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, strings.Join(words, " "))
}

// write makes a file on the volume, past the faults, and replaces what is there.
func (w *world) write(name, content string) {
	w.t.Helper()
	check(w.t, disk.MkdirAll(w.volume, path.Dir(name)))
	check(w.t, disk.AtomicWrite(w.volume, name, func(out io.Writer) error {
		_, err := io.WriteString(out, content)
		return err
	}))
}

// overwrite changes the bytes of a file in place, as no tool should.
func (w *world) overwrite(name, content string) {
	w.t.Helper()
	f, err := w.volume.OpenWrite(name)
	check(w.t, err)
	defer f.Close()
	check(w.t, f.Truncate(int64(len(content))))
	_, err = f.WriteAt([]byte(content), 0)
	check(w.t, err)
	check(w.t, f.Sync())
}

func (w *world) read(name string) string {
	w.t.Helper()
	f, err := w.volume.Open(name)
	check(w.t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	check(w.t, err)
	return string(b)
}

func (w *world) has(name string) bool {
	w.t.Helper()
	_, err := w.volume.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return err == nil
}

// file names a file of the other tool's folder.
func (w *world) file(name string) *store.Source {
	return store.NewSource(w.volume.Sub("files"), name)
}

// add imports content under a name.
func (w *world) add(name, content string) store.Imported {
	w.t.Helper()
	w.write("files/"+name, content)
	done, err := w.store.Import(w.context(), w.file(name), mustName(w.t, name), store.ImportOptions{})
	check(w.t, err)
	return done
}

func (w *world) context() context.Context { return w.t.Context() }

// files lists all files below a folder of the volume.
func (w *world) files(dir string) []string {
	w.t.Helper()
	entries, err := w.volume.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	check(w.t, err)
	var files []string
	for _, e := range entries {
		if e.IsDir() {
			files = append(files, w.files(path.Join(dir, e.Name()))...)
		} else {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	return files
}

// valid checks the store as another tool would, by the convention alone: every
// manifest is whole and points to a whole blob, and every blob has the digest
// of its path. Blobs in except may be bad or missing.
func (w *world) valid(except ...string) {
	w.t.Helper()
	for _, file := range w.files("store/blobs") {
		hex := path.Base(path.Dir(file))
		if path.Base(file) != "data" || slices.Contains(except, hex) {
			continue
		}
		if got := sum(w.read(file)); got != hex {
			w.t.Fatalf("%s has the digest %s", file, got)
		}
	}
	for _, file := range w.files("store/manifests") {
		if !strings.HasSuffix(file, ".json") {
			continue
		}
		var m struct {
			Name string
			Blob string
			Size int64 `json:"size_bytes"`
		}
		if err := json.Unmarshal([]byte(w.read(file)), &m); err != nil {
			w.t.Fatalf("%s: %v", file, err)
		}
		hex := strings.TrimPrefix(m.Blob, "sha256:")
		if slices.Contains(except, hex) {
			continue
		}
		if m.Name+".json" != path.Base(file) || !w.has("store/"+dataPath(hex)) || int64(len(w.read("store/"+dataPath(hex)))) != m.Size {
			w.t.Fatalf("%s: %+v is not what is there", file, m)
		}
	}
}

// clean checks that nothing unfinished is left.
func (w *world) clean() {
	w.t.Helper()
	for _, file := range w.files("store") {
		if disk.IsTemp(file) || strings.HasPrefix(file, "store/partial/") {
			w.t.Errorf("%s is left", file)
		}
	}
}
