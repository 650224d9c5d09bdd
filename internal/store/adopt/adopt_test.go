package adopt_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/adopt"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFind_LooksInAllPlaces(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "one", "x.gguf"), model("a"))
	write(t, filepath.Join(dir, "two", "x.gguf"), model("b"))
	write(t, filepath.Join(dir, "two", "x-2.gguf"), model("c"))
	write(t, filepath.Join(dir, "two", "x-2-2.gguf"), model("d"))
	found, err := adopt.Find(t.Context(), []adopt.Place{
		{Tool: adopt.LlamaCpp, Dir: filepath.Join(dir, "one")},
		{Tool: adopt.LlamaCpp, Dir: filepath.Join(dir, "missing")},
		{Tool: adopt.LlamaCpp, Dir: filepath.Join(dir, "two")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, names := map[string]bool{}, map[string]bool{}
	for _, c := range found {
		got[c.Path] = true
		if names[c.Name.String()] {
			t.Errorf("the name %s is given twice", c.Name)
		}
		names[c.Name.String()] = true
	}
	want := map[string]bool{
		filepath.Join(dir, "one", "x.gguf"):     true,
		filepath.Join(dir, "two", "x.gguf"):     true,
		filepath.Join(dir, "two", "x-2.gguf"):   true,
		filepath.Join(dir, "two", "x-2-2.gguf"): true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestFind_StaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret.gguf"), model("secret"))
	if err := os.Mkdir(filepath.Join(dir, "models"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "secret.gguf"), filepath.Join(dir, "models", "x.gguf")); err != nil {
		t.Fatal(err)
	}
	found, err := adopt.Find(t.Context(), []adopt.Place{{Tool: adopt.LlamaCpp, Dir: filepath.Join(dir, "models")}})
	if len(found) != 0 || err == nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestAdopt_SharesTheBytes(t *testing.T) {
	dir := t.TempDir()
	a := model("a")
	write(t, filepath.Join(dir, "ollama", "manifests", "registry.ollama.ai", "library", "tiny", "latest"), ollamaManifest("model", a))
	blob := filepath.Join(dir, "ollama", "blobs", "sha256-"+sum(a))
	write(t, blob, a)
	found, err := adopt.Find(t.Context(), []adopt.Place{{Tool: adopt.Ollama, Dir: filepath.Join(dir, "ollama")}})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	s, err := store.Open(filepath.Join(dir, "models"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	done, err := adopt.Adopt(t.Context(), s, found[0], found[0].Name, adopt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if done.Method == store.MethodCopy || done.Saved != 5 || done.Manifest.Blob.Hex() != sum(a) {
		t.Errorf("the adoption says %+v", done)
	}
	if shared := done.Method == store.MethodLink; shared != (done.Manifest.SharedWith == blob) {
		t.Errorf("the manifest says %+v after a %s", done.Manifest, done.Method)
	}
	want := store.Origin{Registry: "registry.ollama.ai", Repo: "library/tiny", Revision: "latest"}
	if done.Manifest.Origin.Repo != want.Repo || done.Manifest.Origin.Registry != want.Registry {
		t.Errorf("the origin is %+v", done.Manifest.Origin)
	}
	if got, err := os.ReadFile(blob); err != nil || string(got) != a {
		t.Errorf("the other tool's file is %q, %v", got, err)
	}
}

func TestAdopt_RefusesOtherBytesThanTheToolSays(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.gguf"), model("bad"))
	digest, err := store.ParseDigest(sum(model("good")))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(dir, "models"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	name, err := store.ParseName("m")
	if err != nil {
		t.Fatal(err)
	}
	c := adopt.Candidate{Tool: adopt.Ollama, Label: "m", Path: filepath.Join(dir, "m.gguf"), Digest: digest}
	_, err = adopt.Adopt(t.Context(), s, c, name, adopt.Options{})
	if _, ok := errors.AsType[*store.MismatchError](err); !ok || !strings.Contains(err.Error(), "adopt m of ollama") {
		t.Errorf("%v, want a *MismatchError", err)
	}
	c.Path = filepath.Join(dir, "gone")
	if _, err := adopt.Adopt(t.Context(), s, c, name, adopt.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}

func TestPlaces_FollowTheEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		goos string
		env  map[string]string
		want []adopt.Place
	}{
		"linux": {"linux", map[string]string{"HOME": "/home/ada"}, []adopt.Place{
			{Tool: adopt.Ollama, Dir: "/home/ada/.ollama/models"},
			{Tool: adopt.Ollama, Dir: "/usr/share/ollama/.ollama/models"},
			{Tool: adopt.HuggingFace, Dir: "/home/ada/.cache/huggingface/hub"},
			{Tool: adopt.LMStudio, Dir: "/home/ada/.lmstudio/models"},
			{Tool: adopt.LMStudio, Dir: "/home/ada/.cache/lm-studio/models"},
			{Tool: adopt.Docker, Dir: "/home/ada/.docker/models"},
			{Tool: adopt.LlamaCpp, Dir: "/home/ada/.cache/llama.cpp"},
		}},
		"environment": {"linux", map[string]string{
			"OLLAMA_MODELS": "/o", "HF_HOME": "/hf", "LLAMA_CACHE": "/l", "XDG_CACHE_HOME": "/cache",
		}, []adopt.Place{
			{Tool: adopt.Ollama, Dir: "/o"},
			{Tool: adopt.Ollama, Dir: "/usr/share/ollama/.ollama/models"},
			{Tool: adopt.HuggingFace, Dir: "/hf/hub"},
			{Tool: adopt.LlamaCpp, Dir: "/l"},
		}},
		"mac": {"darwin", map[string]string{"HOME": "/Users/ada", "HF_HUB_CACHE": "/hub"}, []adopt.Place{
			{Tool: adopt.Ollama, Dir: "/Users/ada/.ollama/models"},
			{Tool: adopt.HuggingFace, Dir: "/hub"},
			{Tool: adopt.LMStudio, Dir: "/Users/ada/.lmstudio/models"},
			{Tool: adopt.LMStudio, Dir: "/Users/ada/.cache/lm-studio/models"},
			{Tool: adopt.Docker, Dir: "/Users/ada/.docker/models"},
			{Tool: adopt.LlamaCpp, Dir: "/Users/ada/Library/Caches/llama.cpp"},
		}},
		"nothing": {"darwin", nil, nil},
	} {
		got := adopt.Places(func(key string) string { return c.env[key] }, c.goos)
		for i := range got {
			got[i].Dir = filepath.ToSlash(got[i].Dir)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	windows := adopt.Places(func(key string) string {
		return map[string]string{"USERPROFILE": `C:\Users\ada`, "LOCALAPPDATA": `C:\Users\ada\AppData\Local`}[key]
	}, "windows")
	if len(windows) != 6 || !strings.HasPrefix(windows[5].Dir, `C:\Users\ada\AppData\Local`) {
		t.Errorf("windows: %+v", windows)
	}
}

// Whatever another tool's files say, the search ends, and nothing outside of
// its folder is found.
func FuzzFindIn(f *testing.F) {
	f.Add([]byte(ollamaManifest("model", model("a"))))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:` + sum("x") + `"}]}`))
	f.Add([]byte(`{"models":[{"id":"sha256:` + sum("x") + `","tags":["a/b:c"],"files":["sha256:` + sum(model("a")) + `"]}]}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := fstest.MapFS{}
		for _, name := range []string{
			"manifests/h/n/m/t", "manifests-v2/h/n/m/t", "models.json", "manifests/sha256/" + sum("x"), "blobs/sha256-" + sum("x"),
		} {
			in[name] = &fstest.MapFile{Data: data}
		}
		for _, name := range []string{"blobs/sha256-" + sum(model("a")), "blobs/sha256/" + sum(model("a"))} {
			in[name] = &fstest.MapFile{Data: []byte(model("a"))}
		}
		for _, tool := range []adopt.Tool{adopt.Ollama, adopt.Docker} {
			found, _ := adopt.FindIn(t.Context(), tool, in)
			for _, c := range found {
				if !strings.HasSuffix(c.Path, sum(model("a"))) {
					t.Errorf("%s: found %+v", tool, c)
				}
			}
		}
	})
}
