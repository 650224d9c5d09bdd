package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// mustLoad loads a file that is right.
func mustLoad(t *testing.T, content string) Config {
	t.Helper()
	cfg, err := load(t, content)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestCompare_SaysWhatBecomesOfEachChange(t *testing.T) {
	mock := func(name, rest string) string { return `{"kind": "mock", "name": "` + name + `"` + rest + `}` }
	list := func(all ...string) string { return `{"backends": [` + strings.Join(all, ",") + `]}` }
	sum := strings.Repeat("0", 64)
	tests := []struct {
		name, from, to string
		want           Changes
	}{
		{"nothing", `{}`, `{"log_level": "info"}`, Changes{}},
		{"another line", `{"log_level": "warn"}`, "{\n\"log_level\": \"warn\"}", Changes{}},
		{"live", `{}`, `{"log_level": "warn", "queue": {"active": 1, "waiting": 2}, "drain_timeout_ms": 3, "auto_pull": false}`,
			Changes{Live: []string{"auto_pull", "drain_timeout_ms", "queue.active", "queue.waiting", "log_level"}}},
		{"after a restart", `{"models_home": "/a"}`, `{"engine_dir": "/b", "admin_addr": "/c", "listen": {"tcp": "[::1]:1", "api_key_env": "K"}}`,
			Changes{Restart: []Pending{
				{"models_home", "the models that run are in the old store"}, {"engine_dir", "the workers have loaded the engine from the old one"},
				{"admin_addr", boundAtStart}, {"listen.tcp", boundAtStart}, {"listen.api_key_env", "the key is read when the daemon starts"},
			}}},
		{"back to the built-in model", `{"model": {"name": "a"}}`, `{}`, Changes{Added: []string{"builtin"}, Removed: []string{"a"}}},
		{"another model", `{"model": {"name": "a"}}`, `{"model": {"name": "b"}}`, Changes{Added: []string{"b"}, Removed: []string{"a"}}},
		{"another digest", `{"model": {"name": "a"}}`, `{"model": {"name": "a", "sha256": "` + sum + `"}}`, Changes{Changed: []string{"a"}}},
		{"another source", `{"model": {"name": "a"}}`, `{"model": {"name": "a", "license": "MIT"}}`, Changes{Live: []string{"model"}}},
		{"another context for all", `{}`, `{"n_ctx": 5}`, Changes{Changed: []string{"builtin"}}},
		{"a context that none takes", list(mock("a", "")), `{"n_ctx": 5, "backends": [` + mock("a", "") + `]}`, Changes{}},
		{"backends", list(mock("a", ""), mock("b", ""), mock("c", "")), list(mock("c", ""), mock("d", ""), mock("a", `, "echo": true`)),
			Changes{Added: []string{"d"}, Removed: []string{"b"}, Changed: []string{"a"}, Reordered: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, to := mustLoad(t, test.from), mustLoad(t, test.to)
			got := Compare(from, to)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if got.None() != cmp.Equal(test.want, Changes{}) {
				t.Errorf("None() = %v", got.None())
			}
		})
	}
}

// anyConfig draws configurations of one or two backends.
func anyConfig(t *rapid.T, path, label string) Config {
	var b strings.Builder
	b.WriteString("{")
	for key, values := range samples {
		if !strings.Contains(key, ".") && rapid.Bool().Draw(t, label+key) {
			fmt.Fprintf(&b, "%q: %s,", key, rapid.SampledFrom(values).Draw(t, key))
		}
	}
	switch rapid.SampledFrom([]string{"nothing", "model", "backends"}).Draw(t, "form") {
	case "model":
		fmt.Fprintf(&b, `"model": {"name": %q, "license": %q},`, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "model"), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "license"))
	case "backends":
		names := rapid.Permutation([]string{"a", "b", "c"}).Draw(t, "names")[:rapid.IntRange(1, 3).Draw(t, "n")]
		b.WriteString(`"backends": [`)
		for _, name := range names {
			fmt.Fprintf(&b, `{"kind": "llamacpp", "name": %q, "model": "builtin", "slots": %d},`, name, rapid.IntRange(1, 2).Draw(t, "slots"))
		}
		b.WriteString("],")
	}
	b.WriteString("}")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTakeLiveAndTakeBackends_LeaveOnlyWhatNeedsARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	rapid.Check(t, func(t *rapid.T) {
		running, next := anyConfig(t, path, "running "), anyConfig(t, path, "next ")
		if c := Compare(running, running); !c.None() {
			t.Fatalf("differs from itself: %+v", c)
		}
		before := Compare(running, next)
		after := Compare(running.TakeLive(next), next)
		want := before
		want.Live = nil
		if diff := cmp.Diff(want, after); diff != "" {
			t.Fatalf("after TakeLive (-want +got):\n%s", diff)
		}
		after = Compare(running.TakeLive(next).TakeBackends(next), next)
		if after.Backends() || len(after.Live) > 0 || !slices.Equal(after.Restart, before.Restart) {
			t.Fatalf("after both, %+v is left of %+v", after, before)
		}
		if c := Compare(running, next); !cmp.Equal(c, before) {
			t.Fatalf("taking over has changed what was compared: %+v", c)
		}
	})
}
