package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// tick is what Linux counts processor time in, in seconds.
const tick = 0.01

// cpuUsage is the processor time that the machine and the measured processes
// have used.
func cpuUsage() (usage, bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, false
	}
	busy, ok := busyTicks(string(stat))
	return usage{busy: busy * tick, own: float64(treeTicks()) * tick}, ok
}

// busyTicks reads the first line of /proc/stat: all but idle and waiting.
func busyTicks(stat string) (ticks float64, ok bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	const idle, waiting, stolen = 4, 5, 8
	if len(fields) <= stolen || fields[0] != "cpu" {
		return 0, false
	}
	for i, f := range fields[1 : stolen+1] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, false
		}
		if i+1 != idle && i+1 != waiting {
			ticks += n
		}
	}
	return ticks, true
}

// processStat is what /proc/PID/stat says of interest.
type processStat struct {
	parent int
	ticks  int // of its own
	ended  int // of children that have ended
}

func parseStat(stat string) (p processStat, err error) {
	// The name before it may hold anything.
	_, rest, ok := strings.Cut(stat[max(0, strings.LastIndexByte(stat, ')')):], ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 15 {
		return p, errors.New("no process statistics")
	}
	const parent, user, system, childUser, childSystem = 1, 11, 12, 13, 14
	var n [childSystem + 1]int
	for _, i := range []int{parent, user, system, childUser, childSystem} {
		if n[i], err = strconv.Atoi(fields[i]); err != nil {
			return p, err
		}
	}
	return processStat{n[parent], n[user] + n[system], n[childUser] + n[childSystem]}, nil
}

// treeTicks is the processor time of this process, all below it, and those
// below it that have ended.
func treeTicks() (ticks int) {
	all := map[int]processStat{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if p, err := parseStat(string(stat)); err == nil {
			all[pid] = p
		}
	}
	for pid, p := range all {
		for up := pid; up > 1; up = all[up].parent {
			if up == os.Getpid() {
				ticks += p.ticks + p.ended
				break
			}
		}
	}
	return ticks
}

// residentMiB is how much memory a process has.
func residentMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	kib, err := statusField(string(status), "VmRSS:")
	return kib / 1024, err
}

// openFiles is how many descriptors a process has.
func openFiles(pid int) (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list), err
}

// statusField reads a number of /proc/PID/status.
func statusField(status, name string) (float64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
		}
	}
	return 0, fmt.Errorf("no %s in the process's status", name)
}

// activityOf is how long a process has computed and how often its threads were
// put on a processor, since its start.
func activityOf(pid int) (a activity, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
	if err == nil && len(threads) == 0 {
		err = fmt.Errorf("there is no process %d", pid)
	}
	for _, dir := range threads {
		// Nanoseconds on a processor, nanoseconds waiting for one, turns.
		line, readErr := os.ReadFile(filepath.Join(dir, "schedstat"))
		if readErr != nil {
			return a, readErr
		}
		var ran, waited, turns float64
		if _, err := fmt.Sscan(string(line), &ran, &waited, &turns); err != nil {
			return a, fmt.Errorf("read %s/schedstat: %w", dir, err)
		}
		a.seconds += ran / 1e9
		a.turns += turns
	}
	return a, err
}

// machineFacts describe the machine.
func machineFacts() (processor, kernel string, memoryMiB int) {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			processor = strings.TrimSpace(value)
			break
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	memory, _ := os.ReadFile("/proc/meminfo")
	kib, _ := statusField(string(memory), "MemTotal:")
	return processor, "Linux " + strings.TrimSpace(string(release)), int(kib / 1024)
}
