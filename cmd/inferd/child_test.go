//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ended is a child that has ended with a code and left a log.
func ended(t *testing.T, code, log string) *child {
	t.Helper()
	path := filepath.Join(t.TempDir(), "serve.log")
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envExit+"="+code, "GORACE=atexit_sleep_ms=0")
	if _, ended := cmd.Run().(*exec.ExitError); !ended && code != "0" {
		t.Fatalf("the child did not end with %s", code)
	}
	return &child{pid: cmd.Process.Pid, log: path, cmd: cmd}
}

func TestChild_FailureRepeatsWhatItSaid(t *testing.T) {
	for name, c := range map[string]struct {
		code, log, err, hint string
		want                 int
	}{
		"last words": {
			"4", "level=INFO msg=x\ninferd: old\nhint: old\nlevel=INFO\ninferd: no engine\nhint: install it\n",
			"the daemon could not start: no engine", "install it", 4,
		},
		"several lines": {
			"2", "inferd: a.json:1: x\na.json:2: y\nhint: see docs\n",
			"the daemon could not start: a.json:1: x\na.json:2: y", "see docs", 2,
		},
		"no words":     {"1", "panic: x\ngoroutine 1\n", "exit status 1): goroutine 1", "its log is ", 1},
		"empty log":    {"1", "", "(exit status 1)", "its log is ", 1},
		"a clean exit": {"0", "", "(exit status 0)", "its log is ", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := diagnose(ended(t, c.code, c.log).failure())
			if !strings.HasSuffix(f.err.Error(), c.err) || !strings.HasPrefix(f.hint, c.hint) || f.code != c.want {
				t.Errorf("failure is %q, %q, %d, want %q, %q, %d", f.err, f.hint, f.code, c.err, c.hint, c.want)
			}
		})
	}
}

func TestReadTail_IsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 100)+"end"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readTail(path, 5); err != nil || got != "\nxxend" {
		t.Errorf("tail is %q, error %v", got, err)
	}
}

func TestAlive_KnowsWhoHasEnded(t *testing.T) {
	if !alive(os.Getpid()) {
		t.Error("this process counts as ended")
	}
	if alive(0) || alive(-1) {
		t.Error("no process counts as one")
	}
	if c := ended(t, "0", ""); alive(c.pid) {
		t.Error("a process that has ended counts as running")
	}
}

func TestOpenLog_IsThisUsersAloneAndStaysInItsDirectory(t *testing.T) {
	state := t.TempDir()
	p := &program{getenv: func(name string) string {
		return map[string]string{"XDG_STATE_HOME": state}[name]
	}}
	for _, text := range []string{"first", "2nd"} {
		f, err := p.openLog()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	path := filepath.Join(state, "inferd", "serve.log")
	if content, err := os.ReadFile(path); err != nil || string(content) != "2nd" {
		t.Errorf("the log holds %q, error %v: want what was written last", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the log has mode %v, error %v", info.Mode(), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), path); err != nil {
		t.Fatal(err)
	}
	if f, err := p.openLog(); err == nil {
		f.Close()
		t.Error("followed a link out of its directory")
	}
}

func TestStateDir_TakesAbsolutePathsOnly(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/inferd"},
		{map[string]string{"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/inferd"},
		{map[string]string{"HOME": "h"}, ""},
	} {
		p := &program{getenv: func(name string) string { return c.env[name] }}
		if got := p.stateDir(); got != c.want {
			t.Errorf("%v: state directory is %q, want %q", c.env, got, c.want)
		}
	}
}
