//go:build !linux && !darwin

package disk

import (
	"errors"
	"os"
)

// clone: this system has no call for it that any of its usual file systems
// supports.
func clone(*os.File, *Real, string, string) error { return errors.ErrUnsupported }
