//go:build !linux && !darwin && !windows

package memory

func read() Available { return Available{} }

func kills() int64 { return 0 }
