package daemon_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/engine/enginetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	enginetest.Clean()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}
