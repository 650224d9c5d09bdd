//go:build unix && !linux

package main

func processAlive(pid int) bool { return signalable(pid) }
