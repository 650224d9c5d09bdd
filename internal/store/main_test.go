package store_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// childEnv names the store in which a re-executed test binary shall hold
// something: only a second process shows that locks are the system's.
const childEnv = "INFERD_TEST_STORE"

// What a child can hold: the lease of a model's blob, or the lock of its name.
const (
	holdsLease = "lease"
	holdsLock  = "lock"
)

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		hold := lease
		if os.Args[1] == holdsLock {
			hold = lock
		}
		if err := hold(root, os.Args[2]); err != nil {
			fmt.Println(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// holdOn tells the parent that the child holds what it should, and waits until
// standard input ends.
func holdOn() {
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
}

func lock(root, model string) error {
	fsys, err := disk.OpenReal(root)
	if err != nil {
		return err
	}
	release, err := disk.TryLockFile(fsys, "locks/"+model+".lock")
	if err != nil {
		return err
	}
	defer release()
	holdOn()
	return nil
}

func lease(root, model string) error {
	s, err := store.Open(root, store.Options{})
	if err != nil {
		return err
	}
	name, err := store.ParseName(model)
	if err != nil {
		return err
	}
	e, err := s.Get(name)
	if err != nil {
		return err
	}
	b, err := s.Blob(context.Background(), e.Manifest.Blob)
	if err != nil {
		return err
	}
	holdOn()
	return b.Close()
}
