package store_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/store"
)

// childEnv names the store in which a re-executed test binary shall hold a
// lease: only a second process shows that locks are the system's.
const childEnv = "INFERD_TEST_STORE"

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		holdLease(root, os.Args[1])
		return
	}
	goleak.VerifyTestMain(m)
}

// holdLease is the child's whole program: it leases the blob of a name until
// its standard input ends.
func holdLease(root, model string) {
	if err := lease(root, model); err != nil {
		fmt.Println(err)
	}
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
	fmt.Println("leased")
	io.Copy(io.Discard, os.Stdin)
	return b.Close()
}
