package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// samples are values of every setting, as the file has them; all differ from
// the default.
var samples = map[string][]string{
	"auto_pull":        {"false"},
	"models_home":      {`"/a"`, `"~/b"`},
	"n_ctx":            {"1", "4096", `"auto"`},
	"n_gpu_layers":     {"-1", "7"},
	"engine_dir":       {`"/a"`, `"/b"`},
	"admin_addr":       {`"/a"`, `"/b"`},
	"drain_timeout_ms": {"0", "1", "86400000"},
	"queue.active":     {"1", "1024"},
	"queue.waiting":    {"0", "65536"},
	"log_level":        {`"debug"`, `"error"`},
}

// bare is a value as the environment and flags have it.
func bare(sample string) string { return strings.Trim(sample, `"`) }

// configFile writes settings as a file, one a line; it returns the lines.
func configFile(values map[string]string) (content string, lines map[string]int) {
	lines = make(map[string]int)
	var b strings.Builder
	n := 1
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, format+"\n", args...)
		n++
	}
	line("{")
	var queue []string
	for key, v := range values {
		if strings.HasPrefix(key, "queue.") {
			queue = append(queue, key)
			continue
		}
		lines[key] = n
		line("%q: %s,", key, v)
	}
	line(`"queue": {`)
	for _, key := range queue {
		lines[key] = n
		line("%q: %s,", strings.TrimPrefix(key, "queue."), values[key])
	}
	line("}}")
	return b.String(), lines
}

func TestLoad_TheLastSourceThatNamesAValueWins(t *testing.T) {
	if len(samples) != len(Keys()) {
		t.Fatalf("%d keys have samples, there are %d", len(samples), len(Keys()))
	}
	path := filepath.Join(t.TempDir(), "config.json")
	rapid.Check(t, func(t *rapid.T) {
		in := []map[string]string{{}, {}, {}} // file, environment, flags
		for _, key := range Keys() {
			for i := range in {
				if rapid.Bool().Draw(t, "named") {
					in[i][key] = rapid.SampledFrom(samples[key]).Draw(t, key)
				}
			}
		}
		content, lines := configFile(in[0])
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		variables, flags := map[string]string{}, map[string]string{}
		for key, v := range in[1] {
			variables[EnvName(key)] = bare(v)
		}
		for key, v := range in[2] {
			flags[key] = bare(v)
		}
		cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(variables), Flags: Flags{Values: flags}})
		if err != nil {
			t.Fatal(err)
		}
		base := defaults()
		for _, s := range settings {
			if s.fileOnly {
				continue
			}
			want, origin := fmt.Sprint(s.field(&base).get()), Origin{Kind: FromDefault}
			for i, from := range []Origin{
				{FromFile, path, lines[s.key]}, {Kind: FromEnvironment, Name: EnvName(s.key)}, {Kind: FromFlag, Name: "--" + FlagName(s.key)},
			} {
				if v, named := in[i][s.key]; named {
					want, origin = bare(v), from
				}
			}
			if got := fmt.Sprint(s.field(&cfg).get()); got != want || cfg.Origin(s.key) != origin {
				t.Fatalf("%s is %s from %v, want %s from %v\n%s", s.key, got, cfg.Origin(s.key), want, origin, content)
			}
		}
		one := cfg.Backends[0].LlamaCPP
		if one.NCtx != cfg.NCtx || one.NGPULayers != cfg.NGPULayers || cfg.Origin("backends[0].n_ctx") != cfg.Origin("n_ctx") {
			t.Fatalf("the model has %d tokens (%v) and %d layers, want %d and %d", one.NCtx, cfg.Origin("backends[0].n_ctx"), one.NGPULayers, cfg.NCtx, cfg.NGPULayers)
		}
	})
}

func TestLoad_ModelFlagsChangeTheOneModel(t *testing.T) {
	path := write(t, `{"backends": [{"kind": "llamacpp", "name": "a", "model": "/m.gguf", "n_ctx": 5, "slots": 6}]}`)
	cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(map[string]string{"INFERD_N_CTX": "7"}),
		Flags: Flags{Values: map[string]string{"model": "builtin", "threads": "3", "n_gpu_layers": "-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	// A key of the backend's own is another one than that at the top.
	want := llamaCPP(LlamaCPP{Model: "builtin", NCtx: 5, NGPULayers: AllLayers})
	want.Slots, want.Threads = 6, 3
	if diff := cmp.Diff(want, cfg.Backends[0].LlamaCPP); diff != "" {
		t.Errorf("backend (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{
		"backends[0].model": "flag --model", "backends[0].threads": "flag --threads", "backends[0].n_gpu_layers": "flag --n-gpu-layers",
		"backends[0].n_ctx": path + ":1", "backends[0].mmap": "default", "n_ctx": "environment INFERD_N_CTX",
	} {
		if got := cfg.Origin(key).String(); got != want {
			t.Errorf("%s is from %s, want %s", key, got, want)
		}
	}
	cfg, err = Load(Sources{Path: path, Explicit: true, Getenv: env(nil), Flags: Flags{Values: map[string]string{"n_ctx": "auto"}}})
	if err != nil || cfg.Backends[0].LlamaCPP.NCtx != AutoCtx {
		t.Errorf("--n-ctx auto gives %d, %v", cfg.Backends[0].LlamaCPP.NCtx, err)
	}
}

func TestLoad_RefusesModelFlagsWithoutOneModel(t *testing.T) {
	two := `{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin"}, {"kind": "llamacpp", "name": "b", "model": "builtin"}]}`
	for name, src := range map[string]Sources{
		"two models": {Path: write(t, two), Explicit: true, Getenv: env(nil)},
		"a mock":     {Getenv: env(nil), Flags: Flags{Mock: true}},
	} {
		for _, key := range []string{"model", "slots", "threads", "n_ctx", "n_gpu_layers"} {
			src.Flags.Values = map[string]string{key: "1"}
			_, err := Load(src)
			want := "flag --" + FlagName(key) + ": it needs a daemon with one model of its own: change the backends in the config file instead"
			if err == nil || err.Error() != want {
				t.Errorf("%s, %s: got %v", name, key, err)
			}
		}
	}
}

func TestLoad_RunsTheConfiguredModel(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	path := write(t, `{"model": {"name": "qwen",
"sha256": "`+strings.ToUpper(sum)+`", "size_bytes": 5, "source_url": "https://example.org/q?token=hunter2", "license": "MIT"}, "n_ctx": 512}`)
	cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Model{{Key: "model", Name: "qwen", SHA256: sum, SizeBytes: 5, SourceURL: "https://example.org/q?token=hunter2", License: "MIT"}}
	if diff := cmp.Diff(want, cfg.Models); diff != "" {
		t.Errorf("model (-want +got):\n%s", diff)
	}
	backends := []Backend{{Kind: KindLlamaCPP, Name: "qwen", LlamaCPP: llamaCPP(LlamaCPP{Model: "qwen", SHA256: sum, NCtx: 512})}}
	if diff := cmp.Diff(backends, cfg.Backends); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
	if got := cfg.Origin("backends[0].model"); got != (Origin{FromFile, path, 1}) {
		t.Errorf("the backend's model is from %v", got)
	}
	// The digest is that model's, not any other's.
	other, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil), Flags: Flags{Values: map[string]string{"model": "other"}}})
	if err != nil || other.Backends[0].LlamaCPP.SHA256 != "" || other.Backends[0].LlamaCPP.Model != "other" {
		t.Errorf("with --model: %+v, %v", other.Backends, err)
	}
}

func TestEntries_HaveEveryValueAndNoSecret(t *testing.T) {
	cfg, err := load(t, `{
"model": {"name": "qwen", "sha256": "`+strings.Repeat("0", 64)+`", "source_url": "https://example.org/q?token=hunter2"},
"listen": {"api_key_env": "MY_KEY"}}`)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(cfg.Entries())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), "hunter2") {
		t.Errorf("shows a secret: %s", shown)
	}
	for _, want := range []string{
		`{"key":"model.source_url","value":"https://example.org/q?…","origin":{"kind":"file",`,
		`{"key":"listen.api_key_env","value":"MY_KEY","origin":{"kind":"file",`,
		`{"key":"drain_timeout_ms","value":30000,"origin":{"kind":"default"}}`,
		`{"key":"log_level","value":"info","origin":{"kind":"default"}}`,
		`{"key":"backends[0].slots","value":4,"origin":{"kind":"default"}}`,
	} {
		if !strings.Contains(string(shown), want) {
			t.Errorf("%s\nhas no %s", shown, want)
		}
	}
}

func TestEntries_GiveListsBack(t *testing.T) {
	cfg, err := load(t, `{"n_ctx": "auto", "backends": [
{"kind": "llamacpp", "name": "a", "model": "builtin", "lora": [{"path": "/a"},
 {"path": "/b", "scale": 0.5}]},
{"kind": "mock", "name": "m", "tokens": ["x", "y"], "token_delay_ms": 0.5, "fail_after_tokens": 2}]}`)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, e := range cfg.Entries() {
		got[e.Key] = fmt.Sprintf("%v, line %d", e.Value, e.Origin.Line)
	}
	for key, want := range map[string]string{
		"n_ctx": "auto, line 1", "backends[0].n_ctx": "auto, line 1", "backends[0].lora[0].path": "/a, line 2", "backends[0].lora[0].scale": "1, line 0",
		"backends[0].lora[1].scale": "0.5, line 3", "backends[1].tokens": "[x y], line 4", "backends[1].token_delay_ms": "0.5, line 4",
		"backends[1].fail_after_tokens": "2, line 4", "backends[1].kind": "mock, line 4",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
}

func TestLoad_RepeatsNoSecretInAMessage(t *testing.T) {
	_, err := Load(Sources{
		Path: write(t, `{"api_key": "hunter2", "model": {"name": "a", "source_url": "ftp://x/?k=hunter2"}, "listen": {"api_key_env": "hunter-2"},
"backends": [{"kind": "openai-compat", "name": "a", "model": "m", "base_url": "https://hunter2@x", "api_key_env": "hunter 2"},
{"kind": "bedrock-invoke", "name": "b", "region": "eu-central-1", "model_id": "m", "bearer_token_env": "hunter.2", "endpoint": "https://u:hunter2@x"}]}`),
		Explicit: true, Getenv: env(nil),
	})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("got %v", err)
	}
	if n := len(strings.Split(err.Error(), "\n")); n != 9 {
		t.Errorf("%d problems, want 9:\n%v", n, err)
	}
}

func TestCheckAdmin_FollowsTheSystem(t *testing.T) {
	long := "/" + strings.Repeat("a", 104)
	for goos, allowed := range map[string][]string{
		"linux": {"/run/admin.sock", long}, "darwin": {"/run/admin.sock"}, "windows": {`\\.\pipe\inferd-admin`},
	} {
		for _, s := range []string{"/run/admin.sock", long, long + "aaa", `\\.\pipe\inferd-admin`, `\\.\pipe\`, `\\.\pipe\a\b`, "admin.sock", "@admin", "/a/", "/a\x00", "/\xff", ""} {
			if ok := checkAdminOn(goos, s) == nil; ok != slices.Contains(allowed, s) {
				t.Errorf("%s: %q allowed: %v", goos, s, ok)
			}
		}
	}
}
