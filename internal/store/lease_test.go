package store_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// child is a process that holds something of a model.
type child struct {
	*exec.Cmd
	t *testing.T
}

func startChild(t *testing.T, root, what, name string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], what, name)
	cmd.Env = append(os.Environ(), childEnv+"="+root)
	_, err := cmd.StdinPipe() // held open: the child waits on it
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	c := &child{cmd, t}
	t.Cleanup(c.kill)
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || said != "held\n" {
		t.Fatalf("the child says %q, %v", said, err)
	}
	return c
}

func (c *child) kill() {
	c.Process.Kill()
	c.Wait()
}

func TestLease_OfAnotherProcessKeepsTheBlob(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	blob := filepath.Join(root, filepath.FromSlash(dataPath(sum("weights"))))
	c := startChild(t, root, holdsLease, "tiny")
	s := openReal(t, root)
	inUse := func(want bool) {
		t.Helper()
		got, err := s.InUse(mustDigest(t, sum("weights")))
		if err != nil || got != want {
			t.Fatalf("in use: %v, %v, want %v", got, err, want)
		}
	}
	inUse(true)
	removed, err := s.Remove(t.Context(), mustName(t, "tiny"))
	check(t, err)
	if removed.Kept != "in use" || removed.Freed != 0 {
		t.Errorf("the removal says %+v", removed)
	}
	found, err := s.GC(t.Context(), false)
	check(t, err)
	if len(found.Garbage) != 1 || found.Garbage[0].Kept != "in use" {
		t.Errorf("gc finds %+v", found)
	}
	if _, err := os.Stat(blob); err != nil {
		t.Fatal(err)
	}
	// The lease ends with its process, however that ends.
	c.kill()
	inUse(false)
	found, err = s.GC(t.Context(), false)
	check(t, err)
	if found.Freed != 7 {
		t.Errorf("gc finds %+v", found)
	}
	if _, err := os.Stat(blob); !os.IsNotExist(err) {
		t.Errorf("the blob is still there: %v", err)
	}
	inUse(false)
}

func TestImport_WaitsForAnotherProcess(t *testing.T) {
	root, file := t.TempDir(), filepath.Join(t.TempDir(), "weights")
	check(t, os.Mkdir(filepath.Join(root, "locks"), 0o755))
	writeFile(t, file, "weights")
	c := startChild(t, root, holdsLock, "tiny")
	var waited []store.Waiting
	s, err := store.Open(root, store.Options{Listener: store.Listener{
		// Once we are known to wait, the holder dies.
		Waiting: func(x store.Waiting) { waited = append(waited, x); c.kill() },
	}})
	check(t, err)
	defer s.Close()
	importFile(t, s, file, "tiny")
	if want := (store.Waiting{Name: mustName(t, "tiny"), PID: c.Process.Pid}); len(waited) != 1 || waited[0] != want {
		t.Errorf("waited for %+v, want %+v", waited, want)
	}
}

// The lease belongs to the open file, so it goes wherever that goes.
func TestLease_GoesWithTheDescriptor(t *testing.T) {
	root := t.TempDir()
	handMade(t, root, "tiny", "weights")
	s := openReal(t, root)
	b, err := s.Blob(t.Context(), mustDigest(t, sum("weights")))
	check(t, err)
	f, ok := disk.OSFile(b.File())
	if !ok {
		t.Fatal("the blob is no file of the system")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], holdsLease, "tiny")
	cmd.Env = append(os.Environ(), childEnv+"="+root)
	cmd.ExtraFiles = []*os.File{f}
	_, err = cmd.StdinPipe()
	check(t, err)
	check(t, cmd.Start())
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	check(t, b.Close())
	if used, err := s.InUse(b.Digest); !used || err != nil {
		t.Errorf("in use: %v, %v, want the child to have it", used, err)
	}
}

// Somebody replaces a blob between our opening and our leasing it: a lease on
// the file that was there would not keep the one that is.
func TestBlob_LeasesTheFileThatHasTheName(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	replaced := false
	w.open(disktest.Fault{Match: func(op disktest.Op) bool {
		if op.Kind == disktest.OpLock && !replaced {
			replaced = true
			w.write("store/"+dataPath(sum("weights")), "weights")
		}
		return false
	}})
	b, err := w.store.Blob(t.Context(), mustDigest(t, sum("weights")))
	check(t, err)
	defer b.Close()
	if used, err := w.store.InUse(b.Digest); !used || err != nil {
		t.Errorf("in use: %v, %v", used, err)
	}
}

// While GC looks at a blob, who wants it waits for the moment that takes.
func TestBlob_WaitsForGC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, disktest.MemoryOptions{})
		w.add("tiny", "weights")
		f, err := w.volume.Open("store/" + dataPath(sum("weights")))
		check(t, err)
		_, err = f.TryLock(disk.Exclusive)
		check(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.store.Blob(ctx, mustDigest(t, sum("weights"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
		time.AfterFunc(time.Second, func() { f.Close() })
		b, err := w.store.Blob(t.Context(), mustDigest(t, sum("weights")))
		check(t, err)
		check(t, b.Close())
	})
}
