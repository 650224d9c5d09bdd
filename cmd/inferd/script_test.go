//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/transport"
)

// leakChecked runs the tests and then looks for goroutines that they left.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// envExit makes the test binary a process that only ends, with that code.
const envExit = "INFERD_TEST_EXIT"

func TestMain(m *testing.M) {
	if code, err := strconv.Atoi(os.Getenv(envExit)); err == nil {
		os.Exit(code)
	}
	testscript.Main(leakChecked{m}, map[string]func(){"inferd": main})
}

// TestScript plays the stories in testdata/script, each with a user of its own.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: newUser,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cutoff":      cutOff,
			"damage":      damage,
			"engine":      engineNamed,
			"exits":       exits,
			"gone":        gone,
			"hub":         hub,
			"interrupted": interrupted130,
			"picture":     picture,
			"proxy":       proxy,
			"signal":      sendSignal,
			"together":    together,
			"waithalf":    waitHalf,
			"waitlimit":   waitLimit,
			"waitready":   waitReady,
			"waitup":      waitUp,
		},
	})
}

// newUser gives a story a home, and a runtime directory whose path leaves room
// for a socket's name. What a failed story left running ends with it.
func newUser(env *testscript.Env) error {
	run, err := os.MkdirTemp("", "inf")
	if err != nil {
		return err
	}
	env.Defer(func() { _ = os.RemoveAll(run) })
	env.Defer(func() { endDaemon(run) })
	home := filepath.Join(env.WorkDir, "home")
	env.Setenv("HOME", home)
	env.Setenv("XDG_RUNTIME_DIR", run)
	env.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))
	env.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
	// Under the race detector every process sleeps for a second at its end.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	model, err := filepath.Abs("../../model/inferd-demo-q8_0.gguf")
	if err != nil {
		return err
	}
	env.Setenv("MODEL", model)
	env.Setenv("CONFIG", filepath.Join(home, ".inferd", "config.json"))
	return os.MkdirAll(filepath.Join(home, ".inferd"), 0o700)
}

func runtimeDir(run string) string { return filepath.Join(run, "inferd") }

// endDaemon ends the process that holds the lock of a story.
func endDaemon(run string) {
	lock, err := disk.Lock(transport.LockPath(runtimeDir(run)))
	if err == nil {
		_ = lock.Close()
	}
	if held, ok := errors.AsType[*disk.HeldError](err); ok && held.PID > 0 {
		_ = syscall.Kill(held.PID, syscall.SIGKILL)
	}
}
