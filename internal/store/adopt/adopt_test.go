package adopt_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/adopt"
)

// model is the content of a file that begins as a model.
func model(s string) string { return "GGUF" + s }

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// tree is a folder of another tool: contents by name. A content that begins with
// "→" is a link.
type tree map[string]string

func (t tree) fs() fs.FS {
	m := fstest.MapFS{}
	for name, content := range t {
		if target, ok := strings.CutPrefix(content, "→"); ok {
			m[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		} else {
			m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	return m
}

// find looks in a tree, and writes down what it finds.
func find(t *testing.T, tool adopt.Tool, in tree) ([]string, error) {
	t.Helper()
	found, err := adopt.FindIn(t.Context(), tool, in.fs())
	var lines []string
	for _, c := range found {
		line := fmt.Sprintf("%s (%s) %s %d", c.Label, c.Name, c.Path, c.Size)
		if !c.Digest.IsZero() {
			line += " " + c.Digest.Hex()[:8]
		}
		if c.Projector {
			line += " projector"
		}
		if c.Parts > 0 {
			line += fmt.Sprintf(" part %d of %d", c.Part, c.Parts)
		}
		lines = append(lines, line)
	}
	return lines, err
}

func wantFound(t *testing.T, tool adopt.Tool, in tree, want ...string) {
	t.Helper()
	got, err := find(t, tool, in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", tool, diff)
	}
}

const layer = `{"mediaType":"application/vnd.ollama.image.%s","digest":"sha256:%s","size":1}`

// ollamaManifest has layers of these kinds and contents, in pairs.
func ollamaManifest(layers ...string) string {
	var all []string
	for i := 0; i < len(layers); i += 2 {
		all = append(all, fmt.Sprintf(layer, layers[i], sum(layers[i+1])))
	}
	return `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",` +
		`"config":{"digest":"sha256:` + sum("config") + `"},"layers":[` + strings.Join(all, ",") + `]}`
}

func TestFindIn_KnowsOllama(t *testing.T) {
	a, b, c, eyes := model("a"), model("b"), model("c"), model("eyes")
	blob := func(content string) string { return "blobs/sha256-" + sum(content) }
	wantFound(t, adopt.Ollama, tree{
		"manifests/registry.ollama.ai/library/llama3.2/3b":  ollamaManifest("model", a, "license", "MIT", "template", "{{ . }}", "projector", eyes),
		"manifests/registry.ollama.ai/library/llama3.2/new": ollamaManifest("model", a),
		"manifests/registry.ollama.ai/ada/tuned/latest":     ollamaManifest("model", b),
		"manifests/hf.co/owner/repo/Q4_K_M":                 ollamaManifest("model", c),
		"manifests/registry.ollama.ai/library/gone/latest":  ollamaManifest("model", model("gone")),
		"manifests/registry.ollama.ai/library/safe/latest":  ollamaManifest("model", "not a GGUF"),
		"manifests/registry.ollama.ai/library/.hidden/x":    "{",
		blob(a): a, blob(b): b, blob(c): c, blob(eyes): eyes,
		blob("not a GGUF"): "not a GGUF", blob("MIT"): "MIT",
		"blobs/sha256-" + sum("x") + "-partial": model("half"),
	},
		"hf.co/owner/repo:Q4_K_M (hf.co-owner-repo-Q4_K_M) "+blob(c)+" 5 "+sum(c)[:8],
		"ada/tuned:latest (ada-tuned-latest) "+blob(b)+" 5 "+sum(b)[:8],
		"llama3.2:3b (llama3.2-3b) "+blob(a)+" 5 "+sum(a)[:8],
		"llama3.2:3b-mmproj (llama3.2-3b-mmproj) "+blob(eyes)+" 8 "+sum(eyes)[:8]+" projector",
		"llama3.2:new (llama3.2-new) "+blob(a)+" 5 "+sum(a)[:8],
	)
}

func TestFindIn_KnowsNewerOllama(t *testing.T) {
	a, b := model("a"), model("b")
	child := ollamaManifest("model", b)
	blob := func(content string) string { return "blobs/sha256-" + sum(content) }
	manifest := ollamaManifest("model", a)
	wantFound(t, adopt.Ollama, tree{
		"manifests-v2/ollama.com/library/one/latest":        "→../../../../" + blob(manifest),
		"manifests/registry.ollama.ai/library/one/latest":   manifest,
		"manifests-v2/ollama.com/library/two/latest":        `{"mediaType":"application/vnd.ollama.manifest.list.v2+json","manifests":[{"digest":"sha256:` + sum(child) + `","runner":"ggml"},{"digest":"sha256:` + sum("gone") + `"}]}`,
		"manifests-v2/localhost%3A5000/library/three/small": ollamaManifest("model", b),
		blob(manifest): manifest, blob(child): child, blob(a): a, blob(b): b,
	},
		"localhost:5000/library/three:small (localhost-5000-library-three-small) "+blob(b)+" 5 "+sum(b)[:8],
		"one:latest (one-latest) "+blob(a)+" 5 "+sum(a)[:8],
		"two:latest (two-latest) "+blob(b)+" 5 "+sum(b)[:8],
	)
}

func TestFindIn_KnowsHuggingFace(t *testing.T) {
	a, b := model("a"), model("b")
	wantFound(t, adopt.HuggingFace, tree{
		"models--owner--repo--x/blobs/" + sum(a):                            a,
		"models--owner--repo--x/blobs/0123456789":                           b,
		"models--owner--repo--x/refs/main":                                  "c1",
		"models--owner--repo--x/snapshots/c1/a-Q4.gguf":                     "→../../blobs/" + sum(a),
		"models--owner--repo--x/snapshots/c2/a-Q4.gguf":                     "→../../blobs/" + sum(a),
		"models--owner--repo--x/snapshots/c2/big/b-00001-of-00002.gguf":     "→../../../blobs/0123456789",
		"models--owner--repo--x/snapshots/c2/mmproj-F16.gguf":               b,
		"models--owner--repo--x/snapshots/c2/README.md":                     "# a",
		"models--owner--repo--x/snapshots/c2/gone.gguf":                     "→../../blobs/gone",
		"models--owner--repo--x/snapshots/c2/text.gguf":                     "version https://git-lfs",
		"models--owner--repo--x/snapshots/c2/empty.gguf":                    "",
		"datasets--owner--set/snapshots/c1/x.gguf":                          a,
		".locks/models--owner--repo--x/x.gguf":                              a,
		"models--owner--repo--x/snapshots/c2/one/two/three/too-deep-a.gguf": a,
	},
		"owner/repo--x/a-Q4.gguf (owner-repo--x-a-Q4) models--owner--repo--x/blobs/"+sum(a)+" 5 "+sum(a)[:8],
		"owner/repo--x/big/b-00001-of-00002.gguf (owner-repo--x-big-b-00001-of-00002) models--owner--repo--x/blobs/0123456789 5 part 1 of 2",
		"owner/repo--x/mmproj-F16.gguf (owner-repo--x-mmproj-F16) models--owner--repo--x/snapshots/c2/mmproj-F16.gguf 5 projector",
	)
}

func TestFindIn_KnowsLMStudio(t *testing.T) {
	wantFound(t, adopt.LMStudio, tree{
		"owner/repo/model.Q8_0.GGUF":       model("a"),
		"owner/repo/mmproj-model-f16.gguf": model("b"),
		"owner/repo/model.gguf.part":       model("half"),
		"owner/repo/config.json":           "{}",
		"loose.gguf":                       model("c"),
	},
		"owner/repo/mmproj-model-f16.gguf (owner-repo-mmproj-model-f16) owner/repo/mmproj-model-f16.gguf 5 projector",
		"owner/repo/model.Q8_0.GGUF (owner-repo-model.Q8_0) owner/repo/model.Q8_0.GGUF 5",
	)
}

func TestFindIn_KnowsLlamaCpp(t *testing.T) {
	wantFound(t, adopt.LlamaCpp, tree{
		"owner_repo_model-Q4.gguf":                    model("a"),
		"owner_repo_model-Q4.gguf.json":               "{}",
		"owner_repo_mmproj-F16.gguf":                  model("b"),
		"owner_repo_next.gguf.downloadInProgress":     model("half"),
		"manifest=owner=repo=latest.json":             "{}",
		"folder/owner_repo_model-Q4-deeper-down.gguf": model("c"),
	},
		"owner_repo_mmproj-F16.gguf (owner_repo_mmproj-F16) owner_repo_mmproj-F16.gguf 5 projector",
		"owner_repo_model-Q4.gguf (owner_repo_model-Q4) owner_repo_model-Q4.gguf 5",
	)
}

func TestFindIn_KnowsDocker(t *testing.T) {
	a, b, c := model("a"), model("b"), model("c")
	manifest := func(contents ...string) string {
		var layers []string
		for _, content := range contents {
			layers = append(layers, `{"mediaType":"application/vnd.docker.ai.gguf.v3","digest":"sha256:`+sum(content)+`"}`)
		}
		return `{"config":{"digest":"sha256:` + sum("config") + `"},"layers":[` + strings.Join(layers, ",") + `]}`
	}
	one, loose := manifest(a, "MIT"), manifest(c)
	wantFound(t, adopt.Docker, tree{
		"layout.json": `{"version":"1.0.0"}`,
		"models.json": `{"models":[
			{"id":"sha256:` + sum(one) + `","tags":["ai/smollm2:360M"],"files":["sha256:` + sum(one) + `","sha256:` + sum(a) + `","sha256:` + sum("MIT") + `"]},
			{"id":"sha256:` + sum("two") + `","tags":[],"files":["sha256:` + sum(b) + `"]}]}`,
		"manifests/sha256/" + sum(one):   one,
		"manifests/sha256/" + sum(loose): loose,
		"blobs/sha256/" + sum(a):         a,
		"blobs/sha256/" + sum(b):         b,
		"blobs/sha256/" + sum(c):         c,
		"blobs/sha256/" + sum("MIT"):     "MIT",
		"blobs/sha256/" + sum("config"):  "{}",
	},
		"ai/smollm2:360M (ai-smollm2-360M) blobs/sha256/"+sum(a)+" 5 "+sum(a)[:8],
		sum("two")+" ("+sum("two")+") blobs/sha256/"+sum(b)+" 5 "+sum(b)[:8],
		"docker-"+sum(loose)[:12]+" (docker-"+sum(loose)[:12]+") blobs/sha256/"+sum(c)+" 5 "+sum(c)[:8],
	)
}

func TestFindIn_FindsNothingInAnEmptyFolder(t *testing.T) {
	for _, tool := range []adopt.Tool{adopt.Ollama, adopt.HuggingFace, adopt.LMStudio, adopt.Docker, adopt.LlamaCpp} {
		wantFound(t, tool, tree{"README": "nothing here"})
	}
	if _, err := adopt.FindIn(t.Context(), "other", tree{}.fs()); err == nil {
		t.Error("a tool that is not known was searched")
	}
}

func TestFindIn_ReportsWhatIsBrokenAndGoesOn(t *testing.T) {
	a := model("a")
	for name, c := range map[string]struct {
		tool adopt.Tool
		add  tree
		says string
	}{
		"broken manifest":   {adopt.Ollama, tree{"manifests/h/n/broken/x": "{"}, "broken"},
		"huge manifest":     {adopt.Ollama, tree{"manifests/h/n/huge/x": strings.Repeat(" ", 5<<20)}, "larger"},
		"path for a digest": {adopt.Ollama, tree{"manifests/h/n/m/x": `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../secret"}]}`}, "64 lower-case"},
		"path for a child":  {adopt.Ollama, tree{"manifests/h/n/m/x": `{"manifests":[{"digest":"../../secret"}]}`}, "blob reference"},
		"broken child":      {adopt.Ollama, tree{"manifests/h/n/m/x": `{"manifests":[{"digest":"sha256:` + sum("{") + `"}]}`, "blobs/sha256-" + sum("{"): "{"}, "read blobs"},
		"link out":          {adopt.LlamaCpp, tree{"x.gguf": "→../secret"}, "out of the folder"},
		"absolute link":     {adopt.LlamaCpp, tree{"x.gguf": "→/secret"}, "out of the folder"},
		"link to itself":    {adopt.LlamaCpp, tree{"x.gguf": "→x.gguf"}, "links"},
		"folder":            {adopt.HuggingFace, tree{"models--o--r/snapshots/c/x.gguf": "→../../dir", "models--o--r/dir/x": "x"}, "not a file"},
		"broken index":      {adopt.Docker, tree{"models.json": "["}, "models.json"},
		"odd index":         {adopt.Docker, tree{"models.json": `{"models":[{"id":"../x","files":["x"]}]}`}, "blob reference"},
		"odd manifest name": {adopt.Docker, tree{"manifests/sha256/x": "{}"}, "64 lower-case"},
	} {
		in := maps.Clone(c.add)
		good := 0
		switch c.tool {
		case adopt.Ollama:
			in["manifests/registry.ollama.ai/library/z/x"] = ollamaManifest("model", a)
			in["blobs/sha256-"+sum(a)] = a
			good = 1
		case adopt.LlamaCpp:
			in["z.gguf"] = a
			good = 1
		}
		got, err := find(t, c.tool, in)
		if err == nil || !strings.Contains(err.Error(), c.says) || len(got) != good {
			t.Errorf("%s: %q, %v, want %d found and an error with %q", name, got, err, good, c.says)
		}
	}
}

func TestFindIn_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := adopt.FindIn(ctx, adopt.LlamaCpp, tree{"x.gguf": model("a")}.fs()); !errors.Is(err, stop) {
		t.Errorf("%v, want the cause", err)
	}
}

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
