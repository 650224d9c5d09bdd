package transport

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// env returns a getenv for a process with these variables.
func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestDefaultDir_FollowsEachSystemsRule(t *testing.T) {
	for _, tc := range []struct {
		name, goos string
		vars       map[string]string
		want       string
	}{
		{"runtime dir", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/home/u"}, "/run/user/7/inferd"},
		{"runtime dir with slash", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7/"}, "/run/user/7/inferd"},
		{"no runtime dir", "linux", map[string]string{"HOME": "/home/u"}, "/home/u/.inferd/run"},
		{"empty runtime dir", "linux", map[string]string{"XDG_RUNTIME_DIR": "", "HOME": "/home/u"}, "/home/u/.inferd/run"},
		{"relative runtime dir", "linux", map[string]string{"XDG_RUNTIME_DIR": "run", "HOME": "/home/u"}, "/home/u/.inferd/run"},
		{"relative home", "linux", map[string]string{"HOME": "u"}, "/tmp/inferd-1007"},
		{"nothing", "linux", nil, "/tmp/inferd-1007"},
		{"TMPDIR means nothing", "linux", map[string]string{"TMPDIR": "/var/tmp", "HOME": "/home/u"}, "/home/u/.inferd/run"},
		{"TMPDIR", "darwin", map[string]string{"TMPDIR": "/var/folders/x/T/", "HOME": "/Users/u"}, "/var/folders/x/T/inferd"},
		{"TMPDIR before runtime dir", "darwin", map[string]string{"TMPDIR": "/var/folders/x/T/", "XDG_RUNTIME_DIR": "/run"}, "/var/folders/x/T/inferd"},
		{"no TMPDIR", "darwin", map[string]string{"HOME": "/Users/u"}, "/Users/u/.inferd/run"},
		{"relative TMPDIR", "darwin", map[string]string{"TMPDIR": "T", "HOME": "/Users/u"}, "/Users/u/.inferd/run"},
		{"nothing", "darwin", nil, "/tmp/inferd-1007"},
		{"local app data", "windows", map[string]string{"LOCALAPPDATA": `C:\Users\u\AppData\Local`, "USERPROFILE": `D:\u`}, `C:\Users\u\AppData\Local\inferd\run`},
		{"local app data with slash", "windows", map[string]string{"LOCALAPPDATA": `C:\Local\`}, `C:\Local\inferd\run`},
		{"profile", "windows", map[string]string{"USERPROFILE": `C:\Users\u`}, `C:\Users\u\AppData\Local\inferd\run`},
		{"profile on a server", "windows", map[string]string{"USERPROFILE": `\\srv\u`}, `\\srv\u\AppData\Local\inferd\run`},
		{"relative local app data", "windows", map[string]string{"LOCALAPPDATA": "C:", "USERPROFILE": `C:\u`}, `C:\u\AppData\Local\inferd\run`},
	} {
		t.Run(tc.goos+" "+tc.name, func(t *testing.T) {
			got, err := defaultDir(tc.goos, env(tc.vars), 1007)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestDefaultDir_FailsOnWindowsWithoutAProfile(t *testing.T) {
	for _, vars := range []map[string]string{nil, {"LOCALAPPDATA": "Local", "USERPROFILE": "u"}} {
		if dir, err := defaultDir("windows", env(vars), 0); err == nil {
			t.Errorf("got %q, want an error", dir)
		}
	}
}

func TestClientDirs_AddsTheOlderDirectoryOnUnix(t *testing.T) {
	for _, tc := range []struct {
		name, goos string
		vars       map[string]string
		want       []string
	}{
		{"linux", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, []string{"/run/user/7/inferd", "/tmp/inferd"}},
		{"linux without variables", "linux", nil, []string{"/tmp/inferd-1007", "/tmp/inferd"}},
		{"same directory twice", "linux", map[string]string{"XDG_RUNTIME_DIR": "/tmp"}, []string{"/tmp/inferd"}},
		{"darwin", "darwin", map[string]string{"TMPDIR": "/var/T"}, []string{"/var/T/inferd", "/tmp/inferd"}},
		{"windows", "windows", map[string]string{"LOCALAPPDATA": `C:\L`}, []string{`C:\L\inferd\run`}},
		{"windows without variables", "windows", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, clientDirs(tc.goos, env(tc.vars), 1007)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientDirs_BeginsWithTheDaemonsDirectory(t *testing.T) {
	dir, err := DefaultDir()
	if err != nil {
		t.Fatal(err)
	}
	if got := ClientDirs(); got[0] != dir {
		t.Errorf("client looks in %q first, daemon is in %q", got[0], dir)
	}
}

func TestEndpointIn_NamesEachSurfaceAsTheProtocolDoes(t *testing.T) {
	for _, tc := range []struct {
		surface    Surface
		unix, pipe string
		mode       uint32
	}{
		{V1, "/run/inferd/infer.sock", `\\.\pipe\inferd-infer`, 0o660},
		{V2, "/run/inferd/infer.v2.sock", `\\.\pipe\inferd-infer-v2`, 0o660},
		{Framed, "/run/inferd/inferd.sock", `\\.\pipe\inferd`, 0o660},
		{Embed, "/run/inferd/infer.embed.sock", `\\.\pipe\inferd-infer-embed`, 0o660},
		{Rerank, "/run/inferd/infer.rerank.sock", `\\.\pipe\inferd-infer-rerank`, 0o660},
		{Admin, "/run/inferd/admin.sock", `\\.\pipe\inferd-admin`, 0o600},
		{Control, "/run/inferd/control.sock", `\\.\pipe\inferd-control`, 0o600},
	} {
		t.Run(tc.surface.String(), func(t *testing.T) {
			for goos, want := range map[string]string{"linux": tc.unix, "darwin": tc.unix, "windows": tc.pipe} {
				got := endpointIn(goos, "/run/inferd", tc.surface)
				if diff := cmp.Diff(Endpoint{Surface: tc.surface, Path: want}, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", goos, diff)
				}
			}
			if got := uint32(surfaces[tc.surface].mode); got != tc.mode {
				t.Errorf("mode %#o, want %#o", got, tc.mode)
			}
		})
	}
}

// Sockets are bound under a name that differs in the last byte only.
func TestSurfaces_LeavesDifferInMoreThanTheLastByte(t *testing.T) {
	seen := map[string]Surface{}
	for i, s := range surfaces {
		key := s.leaf[:len(s.leaf)-1]
		if other, ok := seen[key]; ok {
			t.Errorf("%v and %v", other, Surface(i))
		}
		seen[key] = Surface(i)
	}
}

func TestSurface_StringOfAnUnknownOne(t *testing.T) {
	if got, want := Surface(200).String(), "Surface(200)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLockPath_LiesInTheDirectory(t *testing.T) {
	for goos, want := range map[string]string{"linux": "dir/inferd.lock", "windows": `dir\inferd.lock`} {
		if got := join(goos, "dir", lockLeaf); got != want {
			t.Errorf("%s: got %q, want %q", goos, got, want)
		}
	}
	if got, want := LockPath("dir"), filepath.Join("dir", "inferd.lock"); got != want {
		t.Errorf("here: got %q, want %q", got, want)
	}
}
