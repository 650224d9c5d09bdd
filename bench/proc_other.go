//go:build !linux

package main

import (
	"errors"
	"runtime"
)

var errNotHere = errors.New("this system does not say")

func cpuUsage() (usage, bool) { return usage{}, false }

func residentMiB(int) (float64, error) { return 0, errNotHere }

func openFiles(int) (int, error) { return 0, errNotHere }

func activityOf(int) (activity, error) { return activity{}, errNotHere }

func machineFacts() (processor, kernel string, memoryMiB int) { return "", runtime.GOOS, 0 }
