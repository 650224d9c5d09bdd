package library

import (
	"errors"
	"syscall"
)

// syncDir does nothing: Windows has no way to flush a directory.
func syncDir(string) error { return nil }

// isDiskFull reports whether err means that the volume has no room left
// (ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL).
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}
