package memory

import (
	"runtime"
	"testing"
)

func TestRead_KnowsThisMachine(t *testing.T) {
	a := Read()
	switch runtime.GOOS {
	case "linux", "darwin", "windows":
		if a.Bytes < 1<<20 || a.Bound == "" {
			t.Errorf("%+v", a)
		}
	default:
		if a != (Available{}) {
			t.Errorf("%+v", a)
		}
	}
	if Kills() < 0 {
		t.Errorf("%d processes were killed", Kills())
	}
}
