package memory

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// freeMemory is what Linux thinks a program could have without swapping: free
// pages, and those that it can drop.
func freeMemory(root fs.FS) Available {
	n, ok := entry(root, "proc/meminfo", "MemAvailable:")
	if !ok {
		return Available{}
	}
	return left(n*1024, 0, "the memory that is free")
}

// A cgroup limits all below it, so each one from the process's own up to the
// root has a say.
func cgroups(root fs.FS) Available {
	var a Available
	for _, h := range hierarchies(root) {
		for dir := h.dir; ; dir = path.Dir(dir) {
			a = least(a, h.limit(root, dir))
			if dir == h.mount || !strings.HasPrefix(dir, h.mount+"/") {
				break
			}
		}
	}
	return a
}

// hierarchy is where the memory controller of a version of cgroups shows.
type hierarchy struct {
	mount string // without the slash before
	dir   string // the process's own
	limitFile, usageFile,
	// Names of memory.stat, of pages that files back: they are counted as
	// used, and given up when memory is wanted.
	inactive, active string
}

func (h hierarchy) limit(root fs.FS, dir string) Available {
	limit, ok := number(root, path.Join(dir, h.limitFile))
	if !ok || limit >= 1<<60 { // version 1 writes a huge number for none
		return Available{}
	}
	used, ok := number(root, path.Join(dir, h.usageFile))
	if !ok {
		return Available{}
	}
	stat := path.Join(dir, "memory.stat")
	inactive, _ := entry(root, stat, h.inactive)
	active, _ := entry(root, stat, h.active)
	used = max(used-inactive-active, 0)
	return left(limit, used, "the limit of cgroup /%s, %d MiB", strings.TrimPrefix(strings.TrimPrefix(dir, h.mount), "/"), limit>>20)
}

// hierarchies finds them, by the mounts and the names of this process's
// cgroups. Where a container has its own view of the mounts and not of the
// names, what is mounted is the process's.
func hierarchies(root fs.FS) []hierarchy {
	names := cgroupNames(root)
	var all []hierarchy
	for _, line := range lines(root, "proc/self/mountinfo") {
		before, after, ok := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(kind) < 3 {
			continue
		}
		h := hierarchy{mount: strings.TrimPrefix(f[4], "/")}
		name := ""
		switch {
		case kind[0] == "cgroup2":
			name, h.limitFile, h.usageFile, h.inactive, h.active = names[""], "memory.max", "memory.current", "inactive_file", "active_file"
		case kind[0] == "cgroup" && listed(kind[2], "memory"):
			name, h.limitFile, h.usageFile = names["memory"], "memory.limit_in_bytes", "memory.usage_in_bytes"
			h.inactive, h.active = "total_inactive_file", "total_active_file"
		default:
			continue
		}
		below := strings.TrimPrefix(path.Clean("/"+name), path.Clean(f[3]))
		h.dir = path.Join(h.mount, below)
		if !fs.ValidPath(h.dir) {
			continue
		}
		if _, err := fs.Stat(root, h.dir); err != nil {
			h.dir = h.mount
		}
		all = append(all, h)
	}
	return all
}

// cgroupNames are this process's cgroups by controller; the unified hierarchy
// has none.
func cgroupNames(root fs.FS) map[string]string {
	names := map[string]string{}
	for _, line := range lines(root, "proc/self/cgroup") {
		f := strings.SplitN(line, ":", 3)
		if len(f) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(f[1], ",") {
			names[controller] = f[2]
		}
	}
	return names
}

func listed(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

func lines(root fs.FS, name string) []string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return nil
	}
	return strings.Split(string(b), "\n")
}

// number is a file's only number; "max" is none.
func number(root fs.FS, name string) (int64, bool) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	return n, err == nil && n >= 0
}

// entry is the number behind a key in a file of lines.
func entry(root fs.FS, name, key string) (int64, bool) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 2 || f[0] != key {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		return n, err == nil && n >= 0 && n <= math.MaxInt64/1024
	}
	return 0, false
}
