//go:build unix

package disk

import "golang.org/x/sys/unix"

// mayWrite asks for the user that this process acts as, as opening a file does.
func mayWrite(dir string) error {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}
