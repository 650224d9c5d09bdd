package disk_test

import (
	"errors"
	"testing"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
)

// Somebody deletes the lock file between our opening and our locking it: a lock
// on the deleted file would keep nobody out.
func TestTryLockFile_LocksTheFileThatHasTheName(t *testing.T) {
	m := disktest.NewMemory(disktest.MemoryOptions{})
	deleted := false
	y := disktest.NewFaulty(m, disktest.Fault{Match: func(op disktest.Op) bool {
		if op.Kind == disktest.OpLock && !deleted {
			deleted = true
			if err := m.Remove("l"); err != nil {
				t.Error(err)
			}
		}
		return false
	}})
	release, err := disk.TryLockFile(y, "l")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	_, err = disk.TryLockFile(m, "l")
	if _, ok := errors.AsType[*disk.HeldError](err); !ok {
		t.Errorf("a second lock: %v, want a *HeldError", err)
	}
}
