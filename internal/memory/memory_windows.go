package memory

import (
	"math"
	"unsafe"

	"golang.org/x/sys/windows"
)

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                     uint32
	totalPhysical, availablePhysical uint64
	totalPage, availablePage         uint64
	totalVirtual, availableVirtual   uint64
	availableExtended                uint64
}

func read() Available {
	s := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&s))); ok == 0 || s.availablePhysical > math.MaxInt64 {
		return Available{}
	}
	return left(int64(s.availablePhysical), 0, "the memory that is free")
}

func kills() int64 { return 0 }
