package adopt_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/store/adopt"
)

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
