package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uncommented is the template with the keys of the wanted sections taken out of
// their comments. What is a comment still has words before any quote.
func uncommented(wanted func(string) bool) string {
	key := regexp.MustCompile(`^  // ( *["\]}].*)$`)
	var b strings.Builder
	for section := range strings.SplitSeq(string(Template()), "\n\n") {
		for line := range strings.Lines(section + "\n") {
			if m := key.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil && wanted(section) {
				line = m[1] + "\n"
			} else if strings.HasPrefix(line, "  //   {") && wanted(section) {
				line = "{\n"
			}
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestTemplate_IsTheDefaults(t *testing.T) {
	plain := mustLoad(t, "{}")
	if diff := cmp.Diff(plain, mustLoad(t, string(Template())), valuesOnly); diff != "" {
		t.Errorf("as it is (-defaults +got):\n%s", diff)
	}
	all := mustLoad(t, uncommented(func(section string) bool {
		return strings.Contains(section, "30000") || strings.Contains(section, `"auto" the most`)
	}))
	if diff := cmp.Diff(plain, all, valuesOnly); diff != "" {
		t.Errorf("with its defaults in force (-defaults +got):\n%s", diff)
	}
	for _, key := range []string{"drain_timeout_ms", "queue.active", "queue.waiting", "log_level", "n_ctx", "n_gpu_layers"} {
		if all.Origin(key).Kind != FromFile {
			t.Errorf("%s is not in force", key)
		}
	}
}

func TestTemplate_ExamplesAreValidAndHaveEveryKey(t *testing.T) {
	sections := map[string]func(string) bool{
		"backends": func(s string) bool { return strings.Contains(s, `"backends": [`) },
		"the rest": func(s string) bool {
			return !strings.Contains(s, `"model": {`) && !strings.Contains(s, `"backends": [`) && runtime.GOOS != "windows"
		},
	}
	for name, wanted := range sections {
		content := strings.Replace(uncommented(wanted), `"embed": false`, `"embed": true`, 1)
		if _, err := load(t, content); err != nil {
			t.Errorf("%s: %v\n%s", name, err, content)
		}
	}
	var c Config
	c.Models = make([]Model, 1)
	c.Backends = []Backend{newBackend(KindLlamaCPP)}
	c.Backends[0].LlamaCPP.LoRA = make([]LoRA, 1)
	for _, e := range c.Entries() {
		if key := e.Key[strings.LastIndex(e.Key, ".")+1:]; !strings.Contains(string(Template()), `"`+key+`": `) {
			t.Errorf("%s is not in the template", e.Key)
		}
	}
}

func TestInit_WritesAFileForItsUserOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "config.json")
	if err := Init(path, false); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %04o, want 0600", mode)
	}
	if err := os.WriteFile(path, []byte(`{"log_level": "warn"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Init(path, false); !errors.Is(err, ErrExists) {
		t.Errorf("over another file: %v, want ErrExists", err)
	}
	if got, _ := os.ReadFile(path); string(got) != `{"log_level": "warn"}` {
		t.Errorf("the file that was there is now %q", got)
	}
	if err := Init(path, true); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != string(Template()) {
		t.Errorf("forced, the file is %q", got)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside it: %v, %v", entries, err)
	}
}

func TestInit_FollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "config.json")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if err := Init(path, false); !errors.Is(err, ErrExists) {
		t.Errorf("over a link: %v, want ErrExists", err)
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("wrote where the link leads")
	}
}
