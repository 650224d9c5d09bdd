package disktest

import (
	"errors"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put makes a file with this content, synced or not.
func put(t *testing.T, fsys disk.FS, name, content string, sync bool) {
	t.Helper()
	f, err := fsys.Create(name)
	check(t, err)
	_, err = io.WriteString(f, content)
	check(t, err)
	if sync {
		check(t, f.Sync())
	}
	check(t, f.Close())
}

func content(t *testing.T, fsys disk.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		return "nothing"
	}
	b, err := io.ReadAll(f)
	check(t, err)
	check(t, f.Close())
	return string(b)
}

// outcomes crashes the volume often and counts nothing: it says what can be
// found.
func outcomes(m *Memory, look func(*Memory) string) map[string]bool {
	found := map[string]bool{}
	for seed := range uint64(200) {
		found[look(m.Crash(seeded(seed)))] = true
	}
	return found
}

func want(t *testing.T, got map[string]bool, outcomes ...string) {
	t.Helper()
	wanted := map[string]bool{}
	for _, o := range outcomes {
		wanted[o] = true
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestCrash_KeepsWhatWasSynced(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	check(t, m.Mkdir("d"))
	put(t, m, "d/a", "one", true)
	check(t, m.SyncDir("d"))
	check(t, m.SyncDir("."))
	want(t, outcomes(m, func(m *Memory) string { return content(t, m, "d/a") }), "one")
}

func TestCrash_MayLoseANameThatWasNotSynced(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	put(t, m, "a", "one", true)
	want(t, outcomes(m, func(m *Memory) string { return content(t, m, "a") }), "one", "nothing")
}

func TestCrash_MayLoseAFolderWithAllThatIsInIt(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	check(t, m.Mkdir("d"))
	put(t, m, "d/a", "one", true)
	check(t, m.SyncDir("d"))
	want(t, outcomes(m, func(m *Memory) string { return content(t, m, "d/a") }), "one", "nothing")
}

func TestCrash_MayTearBytesThatWereNotSynced(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	put(t, m, "a", "one", false)
	check(t, m.SyncDir("."))
	got := outcomes(m, func(m *Memory) string { return content(t, m, "a") })
	for _, o := range []string{"", "one", "\x00\x00"} {
		if !got[o] {
			t.Errorf("%q is never found", o)
		}
	}
}

func TestCrash_MayUndoARenameAsAWhole(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	check(t, m.Mkdir("d"))
	put(t, m, "a", "new", true)
	put(t, m, "d/b", "old", true)
	m.Settle()
	check(t, m.Rename("a", "d/b"))
	look := func(m *Memory) string { return content(t, m, "a") + " " + content(t, m, "d/b") }
	want(t, outcomes(m, look), "new old", "nothing new")
	check(t, m.SyncDir("d"))
	want(t, outcomes(m, look), "nothing new")
}

func TestCrash_MayKeepARemovedName(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	put(t, m, "a", "one", true)
	m.Settle()
	check(t, m.Remove("a"))
	look := func(m *Memory) string { return content(t, m, "a") }
	want(t, outcomes(m, look), "one", "nothing")
	check(t, m.SyncDir("."))
	want(t, outcomes(m, look), "nothing")
}

// A later change that was found must not be undone by an earlier one.
func TestCrash_KeepsTheOrderOfChangesToOneName(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	check(t, m.Mkdir("d"))
	m.Settle()
	put(t, m, "a", "one", true)
	check(t, m.Rename("a", "d/a"))
	check(t, m.SyncDir("d"))
	want(t, outcomes(m, func(m *Memory) string { return content(t, m, "a") + " " + content(t, m, "d/a") }), "nothing one")
}

func TestCrash_KeepsLinksTogether(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	put(t, m, "a", "one", true)
	check(t, m.Link(m, "a", "b"))
	check(t, m.SyncDir("."))
	after := m.Crash(seeded(1))
	a, err := after.Stat("a")
	check(t, err)
	b, err := after.Stat("b")
	check(t, err)
	if !after.SameFile(a, b) {
		t.Error("two names of one file are two files after a power cut")
	}
}

func TestCrash_FreesLocks(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	put(t, m, "a", "one", true)
	check(t, m.SyncDir("."))
	f, err := m.Open("a")
	check(t, err)
	_, err = f.TryLock(disk.Exclusive)
	check(t, err)
	g, err := m.Crash(seeded(1)).Open("a")
	check(t, err)
	if ok, err := g.TryLock(disk.Exclusive); !ok || err != nil {
		t.Errorf("a lock outlives a power cut: %v", err)
	}
}

func TestMemory_IsFullAtItsCapacity(t *testing.T) {
	m := NewMemory(MemoryOptions{Capacity: 5})
	put(t, m, "a", "one", true)
	f, err := m.Create("b")
	check(t, err)
	n, err := f.Write([]byte("two"))
	if n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d bytes: %v, want 2 and ENOSPC", n, err)
	}
	if free, err := m.Free(); free != 0 || err != nil {
		t.Errorf("%d bytes free, %v", free, err)
	}
	check(t, m.Remove("a"))
	if free, err := m.Free(); free != 3 || err != nil {
		t.Errorf("%d bytes free, %v", free, err)
	}
}

func TestMemory_RefusesLinksAcrossVolumes(t *testing.T) {
	a, b := NewMemory(MemoryOptions{}), NewMemory(MemoryOptions{})
	put(t, a, "a", "one", true)
	if err := b.Link(a, "a", "a"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("link: %v", err)
	}
	f, err := a.Open("a")
	check(t, err)
	if err := b.Clone(f, "a"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("clone: %v", err)
	}
}

func TestFaulty_FailsTheOneOperation(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	y := NewFaulty(m, Fault{
		Match: func(op Op) bool { return op.Kind == OpWrite && op.Name == "a" },
		After: 1,
		Err:   syscall.EIO,
	})
	f, err := y.Create("a")
	check(t, err)
	_, err = f.Write([]byte("one"))
	check(t, err)
	n, err := f.Write([]byte("four"))
	if n != 2 || !errors.Is(err, syscall.EIO) || !y.Happened() {
		t.Errorf("wrote %d bytes: %v, want 2 and EIO", n, err)
	}
	_, err = f.Write([]byte("x"))
	check(t, err)
	if got := content(t, m, "a"); got != "onefox" {
		t.Errorf("content %q", got)
	}
	if got := len(y.Ops()); got != 4 {
		t.Errorf("%d operations, want 4", got)
	}
}

func TestFaulty_DoesNothingAfterACrash(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	y := NewFaulty(m, Fault{After: 1, Crash: true})
	f, err := y.Create("a")
	check(t, err)
	_, writeErr := f.Write([]byte("one"))
	_, statErr := y.Stat("a")
	for _, err := range []error{writeErr, statErr, f.Sync(), y.Remove("a"), y.Mkdir("d")} {
		if !errors.Is(err, ErrCrashed) {
			t.Errorf("after the crash: %v", err)
		}
	}
	if got := content(t, m, "a"); got != "" {
		t.Errorf("content %q", got)
	}
	if n := len(y.Ops()); n != 2 {
		t.Errorf("%d operations were recorded, want the two until the crash", n)
	}
}

func TestOp_KnowsWhatChangesTheDisk(t *testing.T) {
	for kind, want := range map[OpKind]bool{OpOpen: false, OpRead: false, OpLock: false, OpWrite: true, OpSync: true, OpSyncDir: true} {
		if got := (Op{kind, "a"}).Changes(); got != want {
			t.Errorf("%s changes the disk: %v", kind, got)
		}
	}
}
