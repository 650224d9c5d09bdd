//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hubCommit is what the hub calls the state of its one repository.
const hubCommit = "0123456789abcdef0123456789abcdef01234567"

// modelHub has a file as o/r/tiny.gguf. It also has o/r/bad.gguf, whose bytes are
// not those of which it has the digest, and o/r/text.gguf, which is no model. What
// is at /halting/ breaks off in the middle of the first answer, and what is at
// /hanging/ stops there and waits.
type modelHub struct {
	data, text []byte
	halted     atomic.Bool
	hangs      chan struct{} // closed when half of an answer was taken
}

func newModelHub(data []byte) *modelHub {
	return &modelHub{data: data, text: []byte("this is no model\n"), hangs: make(chan struct{})}
}

func (h *modelHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content := h.data
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if name == "text.gguf" {
		content = h.text
	}
	if strings.Contains(r.URL.Path, "/missing/") || r.Header.Get("Authorization") != "" && r.Header.Get("Authorization") != "Bearer hf_test" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", hubCommit)
	w.Header().Set("X-Linked-Etag", strconv.Quote(hexSum(content)))
	w.Header().Set("X-Linked-Size", strconv.Itoa(len(content)))
	w.Header().Set("ETag", `"one"`)
	if name == "bad.gguf" {
		content = bytes.Repeat([]byte("x"), len(content))
	}
	if hangs := strings.Contains(r.URL.Path, "/hanging/"); (hangs || strings.Contains(r.URL.Path, "/halting/")) && !h.halted.Swap(true) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content[:len(content)/2])
		if hangs {
			_ = http.NewResponseController(w).Flush()
			close(h.hangs)
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// hub FILE starts a hub of models that has the file, at $HUB, with its digest in
// $DIGEST, until the story ends.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hub FILE")
	}
	data, err := os.ReadFile(args[0])
	ts.Check(err)
	h := newModelHub(data)
	routes := http.NewServeMux()
	routes.Handle("/", h)
	routes.HandleFunc("/half", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-h.hangs:
		case <-r.Context().Done():
		}
	})
	server := httptest.NewUnstartedServer(routes)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(64 << 10) // so that what was sent was taken, but for little
		}
	}
	server.Start()
	ts.Defer(server.Close)
	ts.Setenv("HUB", server.URL)
	ts.Setenv("DIGEST", hexSum(data))
	ts.Setenv("WRONG", hexSum(h.text))
}

// waithalf waits until somebody has taken half of what is at $HUB/hanging/.
func waitHalf(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), limited)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.Getenv("HUB")+"/half", nil)
	ts.Check(err)
	resp, err := http.DefaultTransport.(*http.Transport).Clone().RoundTrip(r)
	ts.Check(err)
	ts.Check(resp.Body.Close())
}

// proxy FILE starts a proxy at $PROXY that leads every connection to one hub over
// TLS, which has the file, and writes the hub's certificate into ca.pem. What
// it was asked for is in the file proxied.
func proxy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: proxy FILE")
	}
	data, err := os.ReadFile(args[0])
	ts.Check(err)
	hub := httptest.NewTLSServer(newModelHub(data))
	ts.Defer(hub.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hub.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), certificate, 0o600))
	log, err := os.Create(ts.MkAbs("proxied"))
	ts.Check(err)
	ts.Defer(func() { _ = log.Close() })
	var tunnels sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(log, r.Method, r.Host)
		var d net.Dialer
		out, err := d.DialContext(context.Background(), "tcp", hub.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		in, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = out.Close()
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		tunnels.Go(func() { _, _ = io.Copy(out, buffered); _ = out.Close() })
		tunnels.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
	}))
	ts.Defer(func() { server.Close(); tunnels.Wait() })
	ts.Setenv("PROXY", server.URL)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
