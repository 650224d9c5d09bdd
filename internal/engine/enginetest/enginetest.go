// Package enginetest gives tests the real engine: the installed library and a
// built worker. What is missing is a failure that says how to get it, never a
// skip: `make test` sets both up.
package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root is the directory that holds the installed engine.
func Root(t testing.TB) string {
	t.Helper()
	root := os.Getenv("INFERD_ENGINE_DIR")
	if root == "" {
		root = filepath.Join(repository(), "build", "engine")
	}
	if _, err := os.Stat(root); err != nil {
		t.Fatalf("no engine library: %v\nrun `make engine`, or the tests through `make test`", err)
	}
	return root
}

var worker struct {
	once sync.Once
	dir  string
	err  error
	out  []byte
}

// Worker is the path of an inferd-engine built from this tree, once for a test
// binary.
func Worker(t testing.TB) string {
	t.Helper()
	worker.once.Do(func() {
		if worker.dir, worker.err = os.MkdirTemp("", "inferd-worker"); worker.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", name(), "./cmd/inferd-engine")
		cmd.Dir = repository()
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		worker.out, worker.err = cmd.CombinedOutput()
	})
	if worker.err != nil {
		t.Fatalf("build inferd-engine: %v\n%s", worker.err, worker.out)
	}
	return name()
}

func name() string {
	n := filepath.Join(worker.dir, "inferd-engine")
	if runtime.GOOS == "windows" {
		n += ".exe"
	}
	return n
}

// Clean removes what Worker built. TestMain calls it at the end.
func Clean() {
	if worker.dir != "" {
		_ = os.RemoveAll(worker.dir)
	}
}

// repository is the root of the source tree.
func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
