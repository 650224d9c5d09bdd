package config

import (
	"os"
	"path/filepath"
	"testing"
)

// write makes a config file of the content.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// env is a Getenv of the pairs.
func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

// load loads a file of the content, with nothing from elsewhere.
func load(t *testing.T, content string) (Config, error) {
	t.Helper()
	return Load(Sources{Path: write(t, content), Explicit: true, Getenv: env(nil)})
}
