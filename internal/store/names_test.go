package store_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/store"
)

func TestParseName_TakesTheConventionsNames(t *testing.T) {
	for _, s := range []string{"a", "gemma-4-e4b", "llama-3.1-8b-instruct-q4_k_m", "A.B_c-9", "-x", "_", "a..b", "con-1", "com10", strings.Repeat("x", 128)} {
		n, err := store.ParseName(s)
		if err != nil || n.String() != s {
			t.Errorf("%q: %q, %v", s, n, err)
		}
	}
}

func TestParseName_RefusesTheRest(t *testing.T) {
	for s, says := range map[string]string{
		"":                       "empty",
		".":                      "dot",
		"..":                     "dot",
		".hidden":                "dot",
		"../x":                   "dot",
		"a/b":                    "characters",
		`a\b`:                    "characters",
		"a b":                    "characters",
		"a:b":                    "characters",
		"a\x00":                  "characters",
		"é":                      "characters",
		"a\nb":                   "characters",
		"nul":                    "device",
		"CON.gguf":               "device",
		"Com1":                   "device",
		"lpt9.x.y":               "device",
		strings.Repeat("x", 129): "128",
	} {
		_, err := store.ParseName(s)
		if _, ok := errors.AsType[*store.NameError](err); !ok || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want a *NameError with %q", s, err, says)
		}
	}
}

func TestSuggestName_MakesANameOfAnything(t *testing.T) {
	for s, want := range map[string]string{
		"model.gguf":         "model",
		"Model.Q4_K_M.GGUF":  "Model.Q4_K_M",
		"llama3.2:3b":        "llama3.2-3b",
		"org/model v2.gguf":  "org-model-v2",
		".hidden.gguf":       "hidden",
		"modèle":             "mod-le",
		"model.safetensors":  "model.safetensors",
		"library/qwen3:0.6b": "library-qwen3-0.6b",
	} {
		if got, err := store.SuggestName(s); err != nil || got.String() != want {
			t.Errorf("%q: %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"", "...", "日本語", "NUL.gguf"} {
		if got, err := store.SuggestName(s); err == nil {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"", "a", "..", "a/b", "CON", "llama3.2:3b.gguf", strings.Repeat("x", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (store.Name, error){store.ParseName, store.SuggestName} {
			n, err := parse(s)
			if err != nil {
				continue
			}
			if again, err := store.ParseName(n.String()); err != nil || again != n {
				t.Errorf("%q is a name, %q is none: %v", s, n, err)
			}
			if strings.ContainsAny(n.String(), "/\\:\x00") || strings.HasPrefix(n.String(), ".") {
				t.Errorf("%q is a name", n)
			}
		}
	})
}

func TestParseDigest_IsStrict(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 4)
	d := mustDigest(t, good)
	if d.Hex() != good || d.String() != "sha256:"+good || d.IsZero() {
		t.Errorf("digest %q %q", d.Hex(), d)
	}
	for _, s := range []string{"", good[1:], good + "0", strings.ToUpper(good), "sha256:" + good, strings.Repeat("g", 64), strings.Repeat("é", 32), "../" + good[3:]} {
		if _, err := store.ParseDigest(s); err == nil {
			t.Errorf("%q is a digest", s)
		}
	}
	ref, err := store.ParseRef("sha256:" + good)
	if err != nil || !ref.Equal(d) || ref != d {
		t.Errorf("%v, %v", ref, err)
	}
	for _, s := range []string{"", good, "sha512:" + good, "SHA256:" + good, "sha256:", "sha256:" + good + "\n", "sha256:sha256:" + good} {
		if _, err := store.ParseRef(s); err == nil {
			t.Errorf("%q is a reference", s)
		}
	}
	if !(store.Digest{}).IsZero() || d.Equal(store.Digest{}) {
		t.Error("the zero digest is a digest")
	}
}

func TestDefaultRoot_TakesTheFirstThatIsSet(t *testing.T) {
	unix := map[string]string{"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}
	windows := map[string]string{"USERPROFILE": `C:\Users\ada`, "LOCALAPPDATA": `C:\Users\ada\AppData\Local`}
	for _, c := range []struct {
		name, configured, goos string
		env                    map[string]string
		add                    map[string]string
		want                   string
	}{
		{name: "configured", configured: "/models", goos: "linux", env: unix, add: map[string]string{"MODELS_HOME": "/env"}, want: "/models"},
		{name: "configured home", configured: "~/m", goos: "linux", env: unix, want: "/home/ada/m"},
		{name: "environment", goos: "linux", env: unix, add: map[string]string{"MODELS_HOME": "/env"}, want: "/env"},
		{name: "xdg", goos: "linux", env: unix, want: "/data/models"},
		{name: "relative xdg", goos: "linux", env: unix, add: map[string]string{"XDG_DATA_HOME": "data"}, want: "/home/ada/.local/share/models"},
		{name: "home", goos: "freebsd", env: map[string]string{"HOME": "/home/ada"}, want: "/home/ada/.local/share/models"},
		{name: "mac", goos: "darwin", env: unix, want: "/home/ada/Library/Application Support/models"},
		{name: "windows", goos: "windows", env: windows, want: `C:\Users\ada\AppData\Local\models`},
		{name: "windows profile", goos: "windows", env: windows, add: map[string]string{"LOCALAPPDATA": ""}, want: `C:\Users\ada\AppData\Local\models`},
		{name: "windows home", configured: `~\m`, goos: "windows", env: windows, want: `C:\Users\ada\m`},
		{name: "windows share", configured: `\\server\m`, goos: "windows", env: windows, want: `\\server\m`},
		{name: "windows slash", configured: `D:/m`, goos: "windows", env: windows, want: `D:/m`},
	} {
		getenv := func(key string) string {
			if v, ok := c.add[key]; ok {
				return v
			}
			return c.env[key]
		}
		if got, err := store.DefaultRoot(c.configured, getenv, c.goos); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestDefaultRoot_SaysWhatIsWrong(t *testing.T) {
	none := func(string) string { return "" }
	for _, c := range []struct {
		configured, goos, says string
		getenv                 func(string) string
	}{
		{"models", "linux", "models_home", none},
		{`\models`, "windows", "absolute", none},
		{"", "linux", "HOME", none},
		{"", "darwin", "MODELS_HOME", none},
		{"", "windows", "USERPROFILE", none},
		{"~/m", "linux", "HOME", none},
		{"", "linux", "MODELS_HOME", func(string) string { return "relative" }},
	} {
		got, err := store.DefaultRoot(c.configured, c.getenv, c.goos)
		if err == nil || got != "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q on %s: %q, %v, want an error with %q", c.configured, c.goos, got, err, c.says)
		}
	}
}

func TestDigest_IsItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hex := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcdef")), 64, 64, -1).Draw(t, "hex")
		d, err := store.ParseDigest(hex)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := store.ParseRef(d.String()); err != nil || again != d {
			t.Fatalf("%v, %v", again, err)
		}
	})
}
