package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lockPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "inferd.lock")
}

func mustLock(t *testing.T, path string) *Instance {
	t.Helper()
	i, err := Lock(path)
	if err != nil {
		t.Fatalf("Lock: %v", err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// wantHeld checks that the lock is refused as held by pid.
func wantHeld(t *testing.T, path string, pid int) {
	t.Helper()
	i, err := Lock(path)
	if err == nil {
		i.Close()
		t.Fatal("Lock succeeded on a held lock")
	}
	held, ok := errors.AsType[*HeldError](err)
	if !ok {
		t.Fatalf("Lock: %v, want a *HeldError", err)
	}
	if diff := cmp.Diff(&HeldError{Path: path, PID: pid}, held); diff != "" {
		t.Errorf("HeldError (-want +got):\n%s", diff)
	}
}

func TestLock_WritesPIDIntoAPrivateFile(t *testing.T) {
	path := lockPath(t)
	i := mustLock(t, path)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d\n", os.Getpid()); string(got) != want {
		t.Errorf("content %q, want %q", got, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, want nothing for group and others", info.Mode())
	}
	if i.Path() != path {
		t.Errorf("Path() = %q, want %q", i.Path(), path)
	}
}

func TestLock_IsHeldAgainstTheSameProcess(t *testing.T) {
	path := lockPath(t)
	mustLock(t, path)
	wantHeld(t, path, os.Getpid())
}

func TestLock_IsHeldAgainstAnotherProcess(t *testing.T) {
	path := lockPath(t)
	mustLock(t, path)
	c := startChild(t, path)
	if want := fmt.Sprintf("another inferd is running (pid %d)", os.Getpid()); c.said != want {
		t.Errorf("child said %q, want %q", c.said, want)
	}
}

func TestLock_IsFreeAfterItsHolderWasKilled(t *testing.T) {
	path := lockPath(t)
	c := startChild(t, path)
	if c.said != "locked" {
		t.Fatalf("child said %q, want it to hold the lock", c.said)
	}
	wantHeld(t, path, c.Process.Pid)

	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	mustLock(t, path)
	if got, want := readFile(t, path), fmt.Sprintf("%d\n", os.Getpid()); got != want {
		t.Errorf("content %q, want the pid of the new holder %q", got, want)
	}
}

func TestLock_IsFreeAfterClose(t *testing.T) {
	path := lockPath(t)
	i := mustLock(t, path)
	for range 3 {
		if err := i.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the lock file must stay: %v", err)
	}
	mustLock(t, path)
}

// A late second Close of a former holder must not release the lock of the
// present one.
func TestInstance_CloseTwiceLeavesTheNextHolderAlone(t *testing.T) {
	path := lockPath(t)
	first := mustLock(t, path)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mustLock(t, path)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, path, os.Getpid())
}

func TestLock_ReplacesStaleContent(t *testing.T) {
	for name, content := range map[string]string{
		"longer pid": "1234567890\n",
		"garbage":    "\x00\xffnot a pid\nsecond line\n",
		"large":      string(make([]byte, 1<<16)),
		"empty":      "",
	} {
		t.Run(name, func(t *testing.T) {
			path := lockPath(t)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			mustLock(t, path)
			if got, want := readFile(t, path), fmt.Sprintf("%d\n", os.Getpid()); got != want {
				t.Errorf("content %q, want %q", got, want)
			}
		})
	}
}

func TestLock_ReportsNoPIDWhereTheFileHoldsNone(t *testing.T) {
	for _, content := range []string{"", "\n", "abc\n", "-5\n", "12 34\n", "99999999999999999999999999999999999\n"} {
		t.Run(fmt.Sprintf("%q", content), func(t *testing.T) {
			path := lockPath(t)
			mustLock(t, path)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			wantHeld(t, path, 0)
		})
	}
}

func TestHeldError_NamesTheHolderOrTheFile(t *testing.T) {
	for want, err := range map[string]error{
		"another inferd is running (pid 42)":                   &HeldError{Path: "run/inferd.lock", PID: 42},
		"another inferd is running (it holds run/inferd.lock)": &HeldError{Path: "run/inferd.lock"},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestLock_NamesThePathWhereTheDirectoryIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "inferd.lock")
	_, err := Lock(path)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Lock: %v, want fs.ErrNotExist", err)
	}
	wantMessage(t, err, path)
}

func TestLock_ExactlyOneOfManyWins(t *testing.T) {
	path := lockPath(t)
	const racers = 20
	var (
		start   = make(chan struct{})
		wg      sync.WaitGroup
		results = make(chan *Instance, racers)
		refused = make(chan error, racers)
	)
	for range racers {
		wg.Go(func() {
			<-start
			i, err := Lock(path)
			if err != nil {
				refused <- err
				return
			}
			results <- i
		})
	}
	close(start)
	wg.Wait()
	close(results)
	close(refused)
	if len(results) != 1 {
		t.Errorf("%d racers hold the lock, want 1", len(results))
	}
	for i := range results {
		i.Close()
	}
	for err := range refused {
		if _, ok := errors.AsType[*HeldError](err); !ok {
			t.Errorf("a loser got %v, want a *HeldError", err)
		}
	}
}

// wantMessage checks that an error says each of the given things.
func wantMessage(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
