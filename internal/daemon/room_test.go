package daemon_test

import (
	"path/filepath"
	"testing"

	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/wire"
)

// writeWide writes a model whose context takes 32 KiB a token.
func writeWide(t *testing.T) (path string) {
	t.Helper()
	c := gguf.TinyModel()
	c.Context, c.HeadsKV, c.HeadLength = 1<<24, 4, 1024
	path = filepath.Join(t.TempDir(), "wide.gguf")
	writeModelOf(t, path, c)
	return path
}

// The plans decide whether a new backend comes beside the old one: here one that
// takes 64 TiB, which no machine has to spare.
func TestSwap_GoesByTheMemoryPlans(t *testing.T) {
	d, first := startChanging(t, nil, "a=old")
	admin := d.Admin()
	admin.Until(wire.Ready{})
	path := writeWide(t)

	next := on("a=" + path)
	next.Backends[0].LlamaCPP.NCtx = 256
	result := d.swap(t.Context(), next)
	fresh := <-d.made
	d.says("old") // while the other one loads: 256 tokens a slot fit anywhere
	fresh.comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	<-first[0].ended
	d.says(path)

	next.Backends[0].LlamaCPP.NCtx, next.Backends[0].LlamaCPP.Slots = 1<<24, 32
	result = d.swap(t.Context(), next)
	<-fresh.ended // before the next one is up
	(<-d.made).comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	admin.Until(wire.Restarting{Phase: "draining"})
	admin.Until(wire.Ready{})
}

// Another process has a model of the store for itself, as gc does: the look for
// room waits for it, and a stop does not.
func TestSwap_AStopEndsTheLookForRoom(t *testing.T) {
	root, source := t.TempDir(), filepath.Join(t.TempDir(), "m.gguf")
	writeModel(t, source, 1)
	importModel(t, root, "stored", source)
	sum := digest(t, source)
	blobs, err := disk.OpenReal(filepath.Join(root, "blobs", "sha256", sum[:2], sum))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blobs.Close() }()
	f, err := blobs.Open("data")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if ok, err := f.TryLock(disk.Exclusive); !ok || err != nil {
		t.Fatalf("the lock: %v, %v", ok, err)
	}
	d, _ := startChanging(t, func(c *daemon.Config) { c.ModelsRoot = root }, "a=old")
	result := d.swap(t.Context(), version("a=stored"))
	<-d.made // it is under way
	d.Drain()
	if err := d.Wait(); err != nil {
		t.Error(err)
	}
	if err := <-result; err == nil {
		t.Error("the swap says that it was done")
	}
}
