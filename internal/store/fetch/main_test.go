package fetch_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The kills that TestPull_SurvivesKills does; the ordinary run has few of them
// on a small file.
var (
	killSize  = flag.Int64("kill-size", 64<<20, "bytes of the file that is pulled under kills")
	killCount = flag.Int("kills", 10, "how often the pull is killed")
)

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		os.Exit(runChild(root))
	}
	flag.Parse()
	goleak.VerifyTestMain(m)
}
