package memory

import (
	"maps"
	"testing"
	"testing/fstest"
)

func machine(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{"proc/meminfo": file("MemTotal: 16000 kB\nMemFree: 10 kB\nMemAvailable: 8000 kB\n")}
	for name, text := range files {
		root[name] = file(text)
	}
	return root
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

const (
	version2 = "24 1 0:21 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	version1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
		"36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
)

func TestFreeMemory_IsWhatTheKernelSays(t *testing.T) {
	if a := freeMemory(machine(nil)); a.Bytes != 8000<<10 || a.Bound != "the memory that is free" {
		t.Errorf("%+v", a)
	}
	for _, text := range []string{"", "MemAvailable:", "MemAvailable: much kB", "MemAvailable: -1 kB", "MemAvailable: 9223372036854775807 kB"} {
		if a := freeMemory(fstest.MapFS{"proc/meminfo": file(text)}); a != (Available{}) {
			t.Errorf("%q: %+v", text, a)
		}
	}
}

func TestCgroups_TheTightestLimitCounts(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		files map[string]string
		want  Available
	}{
		"no cgroups": {nil, Available{}},
		"no limit": {map[string]string{
			"proc/self/mountinfo": version2, "proc/self/cgroup": "0::/app\n",
			"sys/fs/cgroup/app/memory.max": "max\n", "sys/fs/cgroup/app/memory.current": "100\n",
		}, Available{}},
		"version 2": {map[string]string{
			"proc/self/mountinfo": version2, "proc/self/cgroup": "0::/app\n",
			"sys/fs/cgroup/app/memory.max": "104857600\n", "sys/fs/cgroup/app/memory.current": "62914560\n",
		}, Available{40 * mib, "the limit of cgroup /app, 100 MiB"}},
		"pages of files are given up": {map[string]string{
			"proc/self/mountinfo": version2, "proc/self/cgroup": "0::/app\n",
			"sys/fs/cgroup/app/memory.max": "104857600\n", "sys/fs/cgroup/app/memory.current": "62914560\n",
			"sys/fs/cgroup/app/memory.stat": "anon 1\ninactive_file 10485760\nactive_file 10485760\n",
		}, Available{60 * mib, "the limit of cgroup /app, 100 MiB"}},
		"a limit further up": {map[string]string{
			"proc/self/mountinfo": version2, "proc/self/cgroup": "0::/inferd.slice/models.slice/engine\n",
			"sys/fs/cgroup/inferd.slice/models.slice/engine/memory.max": "max\n", "sys/fs/cgroup/inferd.slice/models.slice/engine/memory.current": "0\n",
			"sys/fs/cgroup/inferd.slice/models.slice/memory.max": "104857600\n", "sys/fs/cgroup/inferd.slice/models.slice/memory.current": "0\n",
			"sys/fs/cgroup/inferd.slice/memory.max": "52428800\n", "sys/fs/cgroup/inferd.slice/memory.current": "0\n",
		}, Available{50 * mib, "the limit of cgroup /inferd.slice, 50 MiB"}},
		"version 1": {map[string]string{
			"proc/self/mountinfo": version1, "proc/self/cgroup": "8:pids:/x\n4:memory:/app\n1:cpu,cpuacct:/y\n0::/\n",
			"sys/fs/cgroup/memory/app/memory.limit_in_bytes": "104857600\n", "sys/fs/cgroup/memory/app/memory.usage_in_bytes": "62914560\n",
			"sys/fs/cgroup/memory/app/memory.stat":       "cache 5\ntotal_inactive_file 10485760\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
		}, Available{50 * mib, "the limit of cgroup /app, 100 MiB"}},
		"both versions, the first with the controller": {map[string]string{
			"proc/self/mountinfo": version1 + version2, "proc/self/cgroup": "4:memory:/\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "0\n",
		}, Available{mib, "the limit of cgroup /, 1 MiB"}},
		"a container that sees the names of its host": {map[string]string{
			"proc/self/mountinfo":      "24 1 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			"proc/self/cgroup":         "0::/system.slice/container-1\n",
			"sys/fs/cgroup/memory.max": "52428800\n", "sys/fs/cgroup/memory.current": "0\n",
		}, Available{50 * mib, "the limit of cgroup /, 50 MiB"}},
		"a container with its own part mounted": {map[string]string{
			"proc/self/mountinfo":      "24 1 0:21 /container-1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			"proc/self/cgroup":         "0::/container-1\n",
			"sys/fs/cgroup/memory.max": "52428800\n", "sys/fs/cgroup/memory.current": "52428900\n",
		}, Available{1, "the limit of cgroup /, 50 MiB"}},
		"a name that leads elsewhere": {map[string]string{
			"proc/self/mountinfo": version2, "proc/self/cgroup": "0::/../../etc\n",
			"etc/memory.max": "1\n", "etc/memory.current": "0\n",
		}, Available{}},
	} {
		if got := cgroups(machine(c.files)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestLeast_UnknownIsNoLimit(t *testing.T) {
	a, b := Available{5, "a"}, Available{4, "b"}
	for _, c := range [][3]Available{{a, b, b}, {b, a, b}, {{}, a, a}, {a, {}, a}, {{}, {}, {}}} {
		if got := least(c[0], c[1]); got != c[2] {
			t.Errorf("of %+v and %+v: %+v", c[0], c[1], got)
		}
	}
}

// Files of /proc are the kernel's, but a mount can be anybody's.
func FuzzCgroups(f *testing.F) {
	f.Add(version2, "0::/app\n", "104857600", "1", "inactive_file 3\n")
	f.Add(version1, "4:memory:/app\n", "9223372036854771712", "max", "")
	f.Add("1 2 3 / / rw - cgroup2 a b", "0::/", "5", "4", "x")
	f.Add("", ":::\n", "-1", "", "inactive_file -1\n")
	f.Fuzz(func(t *testing.T, mounts, names, limit, used, stat string) {
		files := map[string]string{"proc/self/mountinfo": mounts, "proc/self/cgroup": names}
		for _, dir := range []string{"sys/fs/cgroup/", "sys/fs/cgroup/app/", "sys/fs/cgroup/memory/app/"} {
			maps.Copy(files, map[string]string{
				dir + "memory.max": limit, dir + "memory.current": used, dir + "memory.stat": stat,
				dir + "memory.limit_in_bytes": limit, dir + "memory.usage_in_bytes": used,
			})
		}
		if a := cgroups(machine(files)); a.Bytes < 0 || a.Bytes == 0 && a.Bound != "" {
			t.Errorf("%+v", a)
		}
	})
}
