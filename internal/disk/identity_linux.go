package disk

import (
	"errors"
	"os"
	"syscall"
	"time"
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
	return Identity{
		Device: st.Dev, Inode: st.Ino, Size: info.Size(),
		Modified: time.Unix(st.Mtim.Unix()), Changed: time.Unix(st.Ctim.Unix()),
	}, nil
}
