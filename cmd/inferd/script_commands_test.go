//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// The commands that the stories have beside those of testscript.

// damage STORE flips a byte of every blob in a store.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage STORE")
	}
	blobs, err := filepath.Glob(filepath.Join(args[0], "blobs", "sha256", "*", "*", "data"))
	if err != nil || len(blobs) == 0 {
		ts.Fatalf("no blobs in %s: %v", args[0], err)
	}
	for _, blob := range blobs {
		ts.Check(os.Chmod(blob, 0o600))
		b, err := os.ReadFile(blob)
		ts.Check(err)
		b[len(b)/2] ^= 1
		ts.Check(os.WriteFile(blob, b, 0o600))
	}
}

// cutoff STORE shortens every blob in a store by a byte.
func cutOff(ts *testscript.TestScript, _ bool, args []string) {
	blobs, err := filepath.Glob(filepath.Join(args[0], "blobs", "sha256", "*", "*", "data"))
	ts.Check(err)
	for _, blob := range blobs {
		info, err := os.Stat(blob)
		ts.Check(err)
		ts.Check(os.Truncate(blob, info.Size()-1))
	}
}

// engine DIR CONTENT makes an engine of the pinned release with that content in
// place of its list of files.
func engineNamed(ts *testscript.TestScript, _ bool, args []string) {
	pin, err := library.PinFor(runtime.GOOS, runtime.GOARCH)
	ts.Check(err)
	dir := filepath.Join(args[0], pin.LlamaVersion+"-"+runtime.GOOS+"-"+runtime.GOARCH)
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "engine.json"), []byte(args[1]), 0o600))
}

// exits N COMMAND… runs a command, and wants it to end with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// picture FILE writes an image of one pixel.
func picture(ts *testscript.TestScript, _ bool, args []string) {
	var png bytes.Buffer
	ts.Check(pngOf(&png, 1, 1))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), png.Bytes(), 0o600))
}

// limited is how long a story waits for one thing at most.
const limited = 30 * time.Second

// waitready waits until the story's daemon takes requests.
func waitReady(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), limited)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{Dir: runtimeDir(ts.Getenv("XDG_RUNTIME_DIR")), WaitReady: true})
	ts.Check(err)
	ts.Check(c.Close())
}

// waitup waits until the story's daemon answers, ready or not.
func waitUp(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(awaitStatus(ts, func(*wire.ControlStatus) bool { return true }))
}

// waitlimit N waits until N requests may wait at the story's daemon.
func waitLimit(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(awaitStatus(ts, func(s *wire.ControlStatus) bool { return strconv.Itoa(s.Queue.WaitLimit) == args[0] }))
}

// interrupted MOMENT COMMAND… runs a command, waits until its request is
// running or, at the moment loading, until its daemon is up, sends it SIGINT,
// and wants the exit code for that.
func interrupted130(ts *testscript.TestScript, _ bool, args []string) {
	cmd := scriptCommand(ts, args[1:])
	ts.Check(cmd.Start())
	ts.Check(awaitStatus(ts, func(s *wire.ControlStatus) bool { return args[0] == "loading" || s.Queue.Active > 0 }))
	ts.Check(cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("ended with %d, want 130", code)
	}
}

// scriptCommand is a command with the environment of the story.
func scriptCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	for _, name := range []string{
		"PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "GORACE", "GOCOVERDIR",
	} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// awaitStatus waits until the story's daemon is as wanted.
func awaitStatus(ts *testscript.TestScript, wanted func(*wire.ControlStatus) bool) error {
	dir := runtimeDir(ts.Getenv("XDG_RUNTIME_DIR"))
	return eventually(func(ctx context.Context) bool {
		s, err := client.Status(ctx, dir)
		return err == nil && wanted(s)
	})
}

// eventually waits until holds is true.
func eventually(holds func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limited)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("it did not happen")
		}
	}
	return nil
}

var startedForm = regexp.MustCompile(`daemon \(pid (\d+)\)`)

// signal NAME sends a signal to the story's daemon.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	number, ok := map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL,
	}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	ctx, cancel := context.WithTimeout(context.Background(), limited)
	defer cancel()
	s, err := client.Status(ctx, runtimeDir(ts.Getenv("XDG_RUNTIME_DIR")))
	ts.Check(err)
	ts.Check(syscall.Kill(s.PID, number))
}

// gone wants nothing to be left of the daemon that the last command named on
// standard error: no process, no socket, no held lock.
func gone(ts *testscript.TestScript, _ bool, _ []string) {
	named := startedForm.FindStringSubmatch(ts.ReadFile("stderr"))
	if named == nil {
		ts.Fatalf("standard error names no daemon")
	}
	pid, err := strconv.Atoi(named[1])
	ts.Check(err)
	if alive(pid) {
		ts.Fatalf("process %d is still there", pid)
	}
	dir := runtimeDir(ts.Getenv("XDG_RUNTIME_DIR"))
	for _, s := range transport.Surfaces() {
		if path := transport.EndpointIn(dir, s).Path; fileExists(path) {
			ts.Fatalf("%s is still there", path)
		}
	}
	lock, err := disk.Lock(transport.LockPath(dir))
	ts.Check(err)
	ts.Check(lock.Close())
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// together N COMMAND… runs a command N times at once, and wants all to succeed
// and to print the same.
func together(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmds := make([]*exec.Cmd, n)
	stdout := make([]strings.Builder, n)
	stderr := make([]strings.Builder, n)
	for i := range cmds {
		cmds[i] = scriptCommand(ts, args[1:])
		cmds[i].Stdout, cmds[i].Stderr = &stdout[i], &stderr[i]
		ts.Check(cmds[i].Start())
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("run %d: %v\n%s", i, err, stderr[i].String())
		}
		if stdout[i].String() != stdout[0].String() {
			ts.Fatalf("run %d printed %q, run 0 %q", i, stdout[i].String(), stdout[0].String())
		}
	}
}
