package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"queue": {"active": 1,},} // x`, `{"backends": [{"kind": "mock", "name": "a"}]}`,
		`{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin", "slots": 1e1}]}`, `{"backends": [[], 1, null]}`,
		"{\"\\ud800\": \"\\u0000\"}", `{"listen": {}, "x": {"y": [1]}}`, `{"log_level":"info","log_level":"info"}`,
		`{"model": {"name": "a", "sha256": "` + strings.Repeat("aB", 32) + `", "size_bytes": 1, "source_url": "http://[::1]/?x"}, "n_ctx": "auto"}`,
		`{"listen": {"tcp": "localhost:1", "tcp_v2": "[::ffff:127.0.0.1]:2", "api_key_env": "_"}, "admin_addr": "/a"}`,
		`{"backends": [{"kind": "openai-compat", "name": "a", "base_url": "http://x", "model": "m"}, {"kind": "llamacpp", "name": "b", "model": "/m",
		"lora": [{"path": "/a", "scale": -0.5}], "kv_type_v": "q8_0", "embed": true}]}`,
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "config.json")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
		if err != nil {
			all, ok := errors.AsType[*Error](err)
			if !ok || len(all.Problems) == 0 || err.Error() == "" {
				t.Fatalf("got %T %v, want an *Error that says something", err, err)
			}
			return
		}
		checkLoaded(t, cfg)
		if len(cfg.Backends) == 0 {
			t.Fatal("loaded a config without a backend")
		}
		names := make(map[string]bool)
		for _, b := range cfg.Backends {
			if names[b.Name] || checkName(b.Name) != nil {
				t.Fatalf("loaded the name %q", b.Name)
			}
			names[b.Name] = true
		}
	})
}

// checkLoaded looks at what must be true of every configuration that loads.
func checkLoaded(t *testing.T, cfg Config) {
	t.Helper()
	for _, e := range cfg.Entries() {
		if o := e.Origin; o.Kind == FromFile && (o.Line < 1 || o.Name != cfg.File) || o.Kind == FromFlag || o.Kind == FromEnvironment {
			t.Fatalf("%s is from %v", e.Key, o)
		}
	}
	for _, addr := range []string{cfg.Listen.TCP, cfg.Listen.TCPV2, cfg.Listen.TCPEmbed} {
		if addr != "" && checkLoopback(addr) != nil {
			t.Fatalf("would listen at %q", addr)
		}
	}
	for _, m := range cfg.Models {
		if m.Name == "" || m.SourceURL != "" && len(m.SHA256) != 64 {
			t.Fatalf("loaded the model %+v", m)
		}
	}
	if c := Compare(cfg, cfg); !c.None() {
		t.Fatalf("differs from itself: %+v", c)
	}
	if err := cfg.Unbuilt(); err != nil && err.Error() == "" {
		t.Fatal("refuses without a word")
	}
}
