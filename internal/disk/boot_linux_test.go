package disk_test

import (
	"testing"

	"github.com/inferd/inferd/internal/disk"
)

func TestBootID_IsTheSameWhileTheSystemRuns(t *testing.T) {
	first := disk.BootID()
	if first == "" || first != disk.BootID() {
		t.Errorf("the run of the system is called %q, and then %q", first, disk.BootID())
	}
}
