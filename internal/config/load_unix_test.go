//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A fifo that nobody writes to must not hold up a start, and least of all the
// reload of a daemon that serves.
func TestLoad_DoesNotWaitForAFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
	if err == nil || !strings.HasSuffix(err.Error(), ": read config file: it is not a regular file") {
		t.Errorf("got %v", err)
	}
}
