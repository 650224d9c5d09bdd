package preflight

import (
	"io/fs"
	"syscall"
)

func identityOf(info fs.FileInfo) (identity, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{Device: st.Dev, Number: st.Ino, Size: info.Size(), Times: info.ModTime().UnixNano(), Change: st.Ctim.Nano()}, true
}
