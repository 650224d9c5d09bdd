//go:build unix

package disk

import (
	"io/fs"
	"os"
	"syscall"
)

func othersMayWrite(info fs.FileInfo) bool {
	const byOwner, byOthers = 0o200, 0o022
	perm := info.Mode().Perm()
	return perm&byOthers != 0 || perm&byOwner != 0 && !isOurs(info)
}

// isOurs reports whether a file belongs to this user. What is no file of the
// system belongs to nobody else.
func isOurs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) == os.Geteuid()
}

func onlyOurs(info fs.FileInfo) bool {
	const byOthers = 0o022
	st, ok := info.Sys().(*syscall.Stat_t)
	return info.Mode().Perm()&byOthers == 0 && (!ok || st.Uid == 0 || isOurs(info))
}
