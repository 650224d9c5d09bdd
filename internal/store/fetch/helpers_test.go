package fetch_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// weights are bytes that look like nothing else.
func weights(n int, seed uint64) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = rng.Read(b)
	return b
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// server is a server of one file.
type server struct {
	*httptest.Server
	t testing.TB

	// mu guards the fields below.
	mu   sync.Mutex
	data []byte
	tag  string
	// odd, which may be nil, answers in another way than a good server does,
	// unless it returns false. n counts the requests from 0.
	odd  func(w http.ResponseWriter, r *http.Request, n int) bool
	seen []*http.Request
}

func newServer(t testing.TB, data []byte) *server {
	t.Helper()
	s := &server{t: t, data: data, tag: `"one"`}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // odd answers are what tests are about
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.seen)
	s.seen = append(s.seen, r)
	odd, data, tag := s.odd, s.data, s.tag
	s.mu.Unlock()
	if odd != nil && odd(w, r, n) {
		return
	}
	if tag != "" {
		w.Header().Set("ETag", tag)
	}
	http.ServeContent(w, r, "model.gguf", time.Time{}, bytes.NewReader(data))
}

// answers has the server answer oddly from now on.
func (s *server) answers(odd func(w http.ResponseWriter, r *http.Request, n int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.odd, s.seen = odd, nil
}

// becomes changes the file.
func (s *server) becomes(data []byte, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.tag, s.seen = data, tag, nil
}

// ranges are the ranges that were asked for.
func (s *server) ranges() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, r := range s.seen {
		list = append(list, r.Header.Get("Range"))
	}
	return list
}

// breakAfter sends n bytes of what was asked for and breaks the connection.
func breakAfter(data []byte, n int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(&breaking{w, n}, r, "model.gguf", time.Time{}, bytes.NewReader(data))
	}
}

type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(len(p), b.left)])
	if b.left -= n; b.left == 0 || err != nil {
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func trust(servers ...*server) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, s := range servers {
		pool.AddCert(s.Certificate())
	}
	return pool
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// newClient returns a client that trusts servers and is not patient.
func newClient(t testing.TB, servers ...*server) *fetch.Client {
	t.Helper()
	c := fetch.New(fetch.Config{
		Roots: trust(servers...), Proxy: noProxy, FirstWait: time.Microsecond, MostWait: time.Millisecond, Attempts: 4,
	})
	t.Cleanup(func() { check(t, c.Close()) })
	return c
}

// home is a store on the disk.
type home struct {
	*store.Store
	t    testing.TB
	root string

	quarantined []store.Quarantined
	waited      chan store.Waiting
}

func newHome(t testing.TB) *home {
	t.Helper()
	h := &home{t: t, root: t.TempDir(), waited: make(chan store.Waiting, 10)}
	s, err := store.Open(h.root, store.Options{Listener: store.Listener{
		Quarantine: func(q store.Quarantined) { h.quarantined = append(h.quarantined, q) },
		Waiting:    func(w store.Waiting) { h.waited <- w },
	}})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	h.Store = s
	return h
}

// source is the server's file under the name tiny.
func (s *server) source() fetch.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fetch.Source{Name: "tiny", URL: s.URL + "/model.gguf", SHA256: digest(s.data), Size: int64(len(s.data))}
}

// holds checks that a name stands for these bytes, and that they are there.
func (h *home) holds(name string, data []byte) {
	h.t.Helper()
	n, err := store.ParseName(name)
	check(h.t, err)
	e, err := h.Get(n)
	check(h.t, err)
	got, err := os.ReadFile(e.Path)
	check(h.t, err)
	if e.State != store.BlobPresent || !bytes.Equal(got, data) {
		h.t.Fatalf("%s is %s, with %d bytes", name, e.State, len(got))
	}
}

// lacks checks that a name stands for nothing, and no blob is there.
func (h *home) lacks(name string) {
	h.t.Helper()
	n, err := store.ParseName(name)
	check(h.t, err)
	if e, err := h.Get(n); err == nil {
		h.t.Fatalf("%s stands for %s", name, e.Manifest.Blob)
	}
	if blobs, _ := filepath.Glob(filepath.Join(h.root, "blobs/sha256/*/*/data")); len(blobs) > 0 {
		h.t.Fatalf("there is %s", blobs)
	}
}

// clean checks that nothing unfinished is left.
func (h *home) clean() {
	h.t.Helper()
	if left, _ := filepath.Glob(filepath.Join(h.root, "partial/*")); len(left) > 0 {
		h.t.Fatalf("%s is left", strings.Join(left, ", "))
	}
}
