package disk

import (
	"os"
	"strings"
)

func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // a sandbox without /proc
	}
	return strings.TrimSpace(string(id))
}
