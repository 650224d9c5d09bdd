package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnbuilt_NamesWhatIsValidButCanNotRunYet(t *testing.T) {
	path := write(t, `{"listen": {"tcp": "127.0.0.1:1", "api_key_env": "K"},
"n_ctx": 4096,
"backends": [
 {"kind": "openai-compat", "name": "a", "base_url": "https://x", "model": "m"},
 {"kind": "bedrock-invoke", "name": "b", "region": "eu-central-1", "model_id": "m"},
 {"kind": "llamacpp", "name": "c", "model": "builtin", "embed": true, "mmproj": "p"}]}`)
	cfg, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.Unbuilt()
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Fatalf("got %T %v", err, err)
	}
	const yet = " yet"
	want := []string{
		`:1: listen.tcp: "127.0.0.1:1": valid, but this version has not built a TCP listener` + yet,
		`:4: backends[0].kind: "openai-compat": valid, but this version has not built a backend of this kind` + yet,
		`:5: backends[1].kind: "bedrock-invoke": valid, but this version has not built a backend of this kind` + yet,
		`:6: backends[2].mmproj: "p": valid, but this version has not built image and audio input` + yet,
	}
	if diff := cmp.Diff(want, strings.Split(strings.ReplaceAll(err.Error(), path, ""), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnbuilt_HasNothingAgainstTheDefaults(t *testing.T) {
	for _, content := range []string{`{}`, `{"model": {"name": "a"}}`, `{"backends": [{"kind": "mock", "name": "a", "n_ctx": 5}]}`,
		`{"backends": [{"kind": "mock", "name": "a", "rerank": true, "dimensions": 3}]}`,
		`{"listen": {"api_key_env": "K"}}`} {
		if err := mustLoad(t, content).Unbuilt(); err != nil {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestProblems_NameTheEnvironmentAndTheFlag(t *testing.T) {
	var ps problems
	ps.origin(Origin{Kind: FromEnvironment, Name: "INFERD_N_CTX"}, "n_ctx", "no")
	ps.origin(Origin{Kind: FromFlag, Name: "--n-ctx"}, "n_ctx", "no")
	want := "environment variable INFERD_N_CTX: n_ctx: no\nflag --n-ctx: n_ctx: no"
	if got := ps.err().Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
