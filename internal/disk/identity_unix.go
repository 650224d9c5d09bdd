//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

func identify(f *os.File) (Identity, error) {
	info, err := f.Stat()
	if err != nil {
		return Identity{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Identity{}, errors.ErrUnsupported
	}
	return identityOf(st), nil
}
