package disk

import (
	"syscall"
	"time"
)

func identityOf(st *syscall.Stat_t) Identity {
	return Identity{
		Device: st.Dev, Inode: st.Ino, Size: st.Size,
		Modified: time.Unix(st.Mtim.Unix()), Changed: time.Unix(st.Ctim.Unix()),
	}
}
