package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"queue": {"active": 1,},} // x`, `{"backends": [{"kind": "mock", "name": "a"}]}`,
		`{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin", "slots": 1e1}]}`, `{"backends": [[], 1, null]}`,
		"{\"\\ud800\": \"\\u0000\"}", `{"listen": {}, "x": {"y": [1]}}`, `{"log_level":"info","log_level":"info"}`,
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
