package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
)

func write(fsys disk.FS, name, content string) error {
	return disk.AtomicWrite(fsys, name, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	})
}

func read(t *testing.T, fsys disk.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settled is a volume on which a folder and its one file have been for long.
func settled(t *testing.T) *disktest.Memory {
	t.Helper()
	m := disktest.NewMemory(disktest.MemoryOptions{})
	if err := m.Mkdir("d"); err != nil {
		t.Fatal(err)
	}
	if err := write(m, "d/a", "old"); err != nil {
		t.Fatal(err)
	}
	m.Settle()
	return m
}

// The order is the whole point: bytes before the name, the name before success.
func TestAtomicWrite_SyncsBeforeAndAfterTheRename(t *testing.T) {
	y := disktest.NewFaulty(settled(t))
	if err := write(y, "d/a", "new"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, op := range y.Ops() {
		name := op.Name
		if disk.IsTemp(name) {
			name = "temp"
		}
		got = append(got, string(op.Kind)+" "+name)
	}
	want := []string{"create temp", "write temp", "sync temp", "rename d/a", "syncdir d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestAtomicWrite_LeavesOldOrNewAtAnyCrash(t *testing.T) {
	for n := 0; ; n++ {
		for seed := range uint64(20) {
			m := settled(t)
			y := disktest.NewFaulty(m, disktest.Fault{After: n, Crash: true})
			err := write(y, "d/a", "new")
			if !y.Happened() {
				if err != nil {
					t.Fatalf("without a crash: %v", err)
				}
				after := m.Crash(rand.New(rand.NewPCG(seed, 0)))
				if got := read(t, after, "d/a"); got != "new" {
					t.Fatalf("after the success and a power cut: %q", got)
				}
				return
			}
			if !errors.Is(err, disktest.ErrCrashed) {
				t.Fatalf("crash at operation %d: %v", n, err)
			}
			after := m.Crash(rand.New(rand.NewPCG(seed, 0)))
			if got := read(t, after, "d/a"); got != "old" && got != "new" {
				t.Fatalf("crash at operation %d, seed %d: %q", n, seed, got)
			}
		}
	}
}

func TestAtomicWrite_LeavesNothingOnAnError(t *testing.T) {
	for n := 0; ; n++ {
		m := settled(t)
		y := disktest.NewFaulty(m, disktest.Fault{After: n, Err: syscall.ENOSPC})
		err := write(y, "d/a", "new")
		if !y.Happened() {
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error at operation %d: %v, want ENOSPC", n, err)
		}
		entries, err := m.ReadDir("d")
		if err != nil || len(entries) != 1 {
			t.Errorf("error at operation %d leaves %v, %v", n, entries, err)
		}
	}
}

func TestMkdirAll_IsDurable(t *testing.T) {
	for seed := range uint64(20) {
		m := disktest.NewMemory(disktest.MemoryOptions{})
		if err := disk.MkdirAll(m, "a/b/c"); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Crash(rand.New(rand.NewPCG(seed, 0))).Stat("a/b/c"); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
