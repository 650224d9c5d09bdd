package daemon_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/engine/enginetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		enginetest.Clean()
		os.Exit(code)
	}))
}
