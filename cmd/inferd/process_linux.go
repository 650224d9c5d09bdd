package main

import (
	"bytes"
	"fmt"
	"os"
)

func processAlive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return signalable(pid)
	}
	// "pid (name) state …", where the name may hold anything.
	end := bytes.LastIndexByte(stat, ')')
	return end < 0 || end+2 >= len(stat) || (stat[end+2] != 'Z' && stat[end+2] != 'X')
}
