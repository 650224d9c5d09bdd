//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hubCommit is what the hub calls the state of its one repository.
const hubCommit = "0123456789abcdef0123456789abcdef01234567"

// hub FILE starts a hub of models that has the file as o/r/tiny.gguf, at $HUB,
// with its digest in $DIGEST, until the story ends. It also has o/r/bad.gguf,
// whose bytes are not those of which it has the digest, and o/r/text.gguf, which
// is no model. What is at /halting/ breaks off in the middle of the first answer,
// and what is at /hanging/ stops there and waits.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hub FILE")
	}
	data, err := os.ReadFile(args[0])
	ts.Check(err)
	text := []byte("this is no model\n")
	var halted atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content := data
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if name == "text.gguf" {
			content = text
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
		if hangs := strings.Contains(r.URL.Path, "/hanging/"); (hangs || strings.Contains(r.URL.Path, "/halting/")) && !halted.Swap(true) {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(content[:len(content)/2])
			if hangs {
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}))
	ts.Defer(server.Close)
	ts.Setenv("HUB", server.URL)
	ts.Setenv("DIGEST", hexSum(data))
	ts.Setenv("WRONG", hexSum(text))
}

// waitfile PATTERN waits until there is a file whose path matches, of at least a
// MiB.
func waitFile(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(limited); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		found, err := filepath.Glob(args[0])
		ts.Check(err)
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Size() >= 1<<20 {
				return
			}
		}
	}
	ts.Fatalf("there is no file %s", args[0])
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
