package disk

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// basicInfo is FILE_BASIC_INFO.
type basicInfo struct {
	creation, lastAccess, lastWrite, change int64
	attributes, _                           uint32
}

func identify(f *os.File) (Identity, error) {
	var info windows.ByHandleFileInformation
	var basic basicInfo
	h := windows.Handle(f.Fd())
	err := windows.GetFileInformationByHandle(h, &info)
	if err == nil {
		err = windows.GetFileInformationByHandleEx(h, windows.FileBasicInfo, (*byte)(unsafe.Pointer(&basic)), uint32(unsafe.Sizeof(basic)))
	}
	if err != nil {
		return Identity{}, &os.PathError{Op: "identify", Path: f.Name(), Err: err}
	}
	return Identity{
		Device: uint64(info.VolumeSerialNumber), Inode: uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow),
		Size:     int64(info.FileSizeHigh)<<32 | int64(info.FileSizeLow),
		Modified: since1601(basic.lastWrite), Changed: since1601(basic.change),
	}, nil
}

// since1601 is a time that the system counts in steps of 100 nanoseconds.
func since1601(ticks int64) time.Time {
	t := windows.Filetime{LowDateTime: uint32(ticks), HighDateTime: uint32(ticks >> 32)}
	return time.Unix(0, t.Nanoseconds())
}
