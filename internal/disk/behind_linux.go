package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// writeBehind has the system begin to write the bytes [from, to) of a file, and
// waits for those before, which it then forgets. Whether that worked, Sync will
// find out.
func writeBehind(f *os.File, from, to int64) {
	_ = control(f, func(fd int) error {
		const all = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
		_ = unix.SyncFileRange(fd, from, to-from, unix.SYNC_FILE_RANGE_WRITE)
		before := max(0, from-behind)
		if before == from {
			return nil // a length of 0 would mean the whole file
		}
		_ = unix.SyncFileRange(fd, before, from-before, all)
		return unix.Fadvise(fd, before, from-before, unix.FADV_DONTNEED)
	})
}
