package disk

import (
	"syscall"
	"time"
)

func identityOf(st *syscall.Stat_t) Identity {
	return Identity{
		Device: uint64(st.Dev), Inode: st.Ino, Size: st.Size,
		Modified: time.Unix(st.Mtimespec.Unix()), Changed: time.Unix(st.Ctimespec.Unix()),
	}
}
