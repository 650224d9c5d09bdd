package library

import (
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestPins_CoverEveryPlatform(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, goarch := range []string{"amd64", "arm64"} {
			pin, err := PinFor(goos, goarch)
			if err != nil {
				t.Errorf("%s/%s: %v", goos, goarch, err)
				continue
			}
			sum, ok := strings.CutPrefix(pin.Integrity, "sha512-")
			if raw, err := base64.StdEncoding.DecodeString(sum); !ok || err != nil || len(raw) != 64 {
				t.Errorf("%s/%s: integrity %q is no sha512 digest", goos, goarch, pin.Integrity)
			}
			if !strings.HasPrefix(pin.Dir, "package/bins/") || !strings.HasPrefix(pin.LlamaVersion, "v") || pin.Version == "" {
				t.Errorf("%s/%s: %+v", goos, goarch, pin)
			}
		}
	}
}

func TestPins_AreAllDifferent(t *testing.T) {
	pins, err := parsePins(pinsJSON)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for platform, pin := range pins {
		for _, s := range []string{pin.Package, pin.Integrity, pin.Dir} {
			if seen[s] != "" {
				t.Errorf("%s and %s share %q", platform, seen[s], s)
			}
			seen[s] = platform
		}
	}
}

func TestPinFor_NamesTheSupportedPlatforms(t *testing.T) {
	_, err := PinFor("plan9", "mips")
	if _, ok := errors.AsType[*UnsupportedError](err); !ok {
		t.Fatalf("error is %v, want an *UnsupportedError", err)
	}
	want := "no engine library for plan9/mips; supported are darwin/amd64, darwin/arm64, linux/amd64, linux/arm64, windows/amd64, windows/arm64"
	if err.Error() != want {
		t.Errorf("message is %q, want %q", err, want)
	}
}

func TestParsePins_RefusesUnknownKeys(t *testing.T) {
	if _, err := parsePins([]byte(`{"linux/amd64":{"packag":"x"}}`)); err == nil {
		t.Error("a misspelt key was accepted")
	}
}

// The names are those of the pinned packages.
func TestPaths_KnowTheNamesOfEverySystem(t *testing.T) {
	for _, c := range []struct{ base, ggml, llama, other string }{
		{"libggml-base.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so", "libggml-cpu-zen4.so"},
		{"libggml-base.dylib", "libggml.metal.v0.4.0.dylib", "libllama.metal.v0.4.0.dylib", "libggml-metal.so"},
		{"libggml-base.dylib", "libggml.v0.4.0.dylib", "libllama.v0.4.0.dylib", "libggml-blas.so"},
		{"ggml-base.dll", "ggml.v0.4.0.dll", "llama.v0.4.0.dll", "ggml-cpu.dll"},
		{"libggml-base.so", "libggml.so", "libllama.so", "ggml.metal"},
	} {
		in := Installed{Dir: "dir", Files: []File{{Name: "LICENSE"}, {Name: c.other}, {Name: c.llama}, {Name: c.base}, {Name: c.ggml}}}
		base, ggml, llama, err := in.Paths()
		if err != nil {
			t.Errorf("%s: %v", c.llama, err)
		}
		got := [...]string{base, ggml, llama}
		want := [...]string{filepath.Join("dir", c.base), filepath.Join("dir", c.ggml), filepath.Join("dir", c.llama)}
		if got != want {
			t.Errorf("paths are %q, want %q", got, want)
		}
		for _, f := range in.Files[1:] {
			if wanted(testDir+"/"+f.Name, testDir) != f.Name {
				t.Errorf("%s is not taken out of a package", f.Name)
			}
		}
	}
}

func TestPaths_RefuseTwoOfAKind(t *testing.T) {
	in := Installed{Dir: "dir", Files: []File{{Name: "libggml-base.so"}, {Name: "libggml.so"}, {Name: "libllama.v1.so"}, {Name: "libllama.v2.so"}}}
	if _, _, _, err := in.Paths(); err == nil || !strings.Contains(err.Error(), "libllama.v2.so") {
		t.Errorf("error is %v", err)
	}
}

func TestWanted_LeavesTheRest(t *testing.T) {
	for _, name := range []string{
		testDir + "/llama-addon.node", testDir + "/llama-addon.lib", testDir + "/libllama-common.so",
		testDir + "/llama-common.dll", testDir + "/sub/libllama.so", "package/libllama.so", "libllama.so",
		"package/README.md", "LICENSE", testDir + "/LICENSE", testDir + "/engine.json", testDir + "/.libllama.so",
		testDir + "/libgomp.so", testDir + "/libllama.so.bak", testDir + "/libllama.s\x01.so",
	} {
		if got := wanted(name, testDir); got != "" {
			t.Errorf("%q is taken as %q", name, got)
		}
	}
}
