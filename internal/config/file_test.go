package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad_NamesEachProblem(t *testing.T) {
	backend := func(rest string) string {
		return `{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin", ` + rest + `}]}`
	}
	tests := []struct {
		name    string
		content string
		want    []string // after the path
	}{
		{"unknown key", "{\n\n\"drain_timeout\": 1}", []string{
			`:3: drain_timeout: unknown key; did you mean "drain_timeout_ms"? allowed: backends, drain_timeout_ms, engine_dir, log_level, models_home, queue`}},
		{"unknown key like no other", `{"zzzzzzzz": 1}`, []string{
			`:1: zzzzzzzz: unknown key; allowed: backends, drain_timeout_ms, engine_dir, log_level, models_home, queue`}},
		{"key in another case", `{"Log_Level": "info"}`, []string{
			`:1: Log_Level: unknown key; did you mean "log_level"? allowed: backends, drain_timeout_ms, engine_dir, log_level, models_home, queue`}},
		{"nested unknown key", "{\"queue\": {\n\"waitng\": 1}}", []string{
			`:2: queue.waitng: unknown key; did you mean "waiting"? allowed: active, waiting`}},
		{"key set twice", "{\"log_level\": \"info\",\n\"log_level\": \"warn\"}", []string{
			`:2: log_level: set twice: remove one`}},
		{"wrong type", `{"queue": 5}`, []string{`:1: queue: 5 is not allowed: it must be an object`}},
		{"object for a value", `{"log_level": {}}`, []string{`:1: log_level: an object is not allowed: it must be a single value`}},
		{"null", `{"log_level": null}`, []string{`:1: log_level: null is not allowed: it must be a string`}},
		{"a number in a string", `{"drain_timeout_ms": "5"}`, []string{
			`:1: drain_timeout_ms: "5" is not allowed: it must be a whole number from 0 to 86400000`}},
		{"a fraction", `{"drain_timeout_ms": 1.5}`, []string{
			`:1: drain_timeout_ms: 1.5 is not allowed: it must be a whole number from 0 to 86400000`}},
		{"out of range", `{"queue": {"active": -1}}`, []string{
			`:1: queue.active: -1 is not allowed: it must be a whole number from 0 to 1024`}},
		{"relative directory", `{"engine_dir": "engine"}`, []string{
			`:1: engine_dir: "engine" is not allowed: it must be an absolute path`}},

		{"backends of another type", `{"backends": {}}`, []string{
			`:1: backends: an object is not allowed: it must be a list of backends`}},
		{"no backend", `{"backends": []}`, []string{
			`:1: backends: it must name at least one backend; remove the key to run the built-in model`}},
		{"backend of another type", `{"backends": ["llamacpp"]}`, []string{
			`:1: backends[0]: "llamacpp" is not allowed: it must be an object`}},
		{"no kind", `{"backends": [{"name": "a"}]}`, []string{
			`:1: backends[0].kind: missing; allowed: llamacpp, mock`}},
		{"unknown kind", `{"backends": [{"kind": "llama.cpp", "anything": 1}]}`, []string{
			`:1: backends[0].kind: "llama.cpp" is not a kind of backend; did you mean "llamacpp"? allowed: llamacpp, mock`}},
		{"no name, no model", `{"backends": [{"kind": "llamacpp"}]}`, []string{
			`:1: backends[0].name: missing`, `:1: backends[0].model: missing`}},
		{"bad name", `{"backends": [{"kind": "llamacpp", "name": "a b", "model": "builtin"}]}`, []string{
			`:1: backends[0].name: "a b" is not allowed: a name is 1 to 64 of A-Z a-z 0-9 . _ -`}},
		{"bad model", `{"backends": [{"kind": "llamacpp", "name": "a", "model": "../m.gguf"}]}`, []string{
			`:1: backends[0].model: "../m.gguf" is not allowed: it must be "builtin", the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file`}},
		{"bad slots", backend(`"slots": 0`), []string{
			`:1: backends[0].slots: 0 is not allowed: it must be a whole number from 1 to 32`}},
		{"too many slots", backend(`"slots": 33`), []string{
			`:1: backends[0].slots: 33 is not allowed: it must be a whole number from 1 to 32`}},
		{"bad threads", backend(`"threads": -1`), []string{
			`:1: backends[0].threads: -1 is not allowed: it must be a whole number from 0 to 1024`}},
		{"unknown key of a backend", backend(`"slot": 4`), []string{
			`:1: backends[0].slot: unknown key; did you mean "slots"? allowed: cache_mib, kind, model, n_ctx, n_gpu_layers, name, slots, threads`}},
		{"one name twice", "{\"backends\": [{\"kind\": \"llamacpp\", \"name\": \"a\", \"model\": \"builtin\"},\n{\"kind\": \"mock\", \"name\": \"a\"}]}", []string{
			`:2: backends[1].name: "a" is the name of backends[0] already: names must be unique`}},
		{"bad mock", `{"backends": [{"kind": "mock", "name": "m", "tokens": [1, "a"], "echo": 1, "token_delay_ms": -1, "fail_kind": "no"}]}`, []string{
			`:1: backends[0].tokens[0]: 1 is not allowed: it must be a string`,
			`:1: backends[0].echo: 1 is not allowed: it must be true or false`,
			`:1: backends[0].token_delay_ms: -1 is not allowed: it must be a number from 0 to 3600000`,
			`:1: backends[0].fail_kind: "no" is not allowed: it must be one of internal, invalid, unavailable`}},
		{"bad tool calls", `{"backends": [{"kind": "mock", "name": "m", "tool_calls": [{"input": [1]}, 5]}]}`, []string{
			`:1: backends[0].tool_calls[0].input: a list is not allowed: it must be an object`,
			`:1: backends[0].tool_calls[0].name: missing`,
			`:1: backends[0].tool_calls[1]: 5 is not allowed: it must be an object`}},
		{"tool calls that are no list", `{"backends": [{"kind": "mock", "name": "m", "tool_calls": {}}]}`, []string{
			`:1: backends[0].tool_calls: an object is not allowed: it must be a list of tool calls`}},
		{"tokens and echo", `{"backends": [{"kind": "mock", "name": "m", "tokens": ["a"], "echo": true}]}`, []string{
			`:1: backends[0].echo: not allowed beside tokens`}},
		{"echo and tokens", `{"backends": [{"kind": "mock", "name": "m", "echo": true, "tokens": ["a"]}]}`, []string{
			`:1: backends[0].tokens: not allowed beside echo`}},
		{"tokens of another type", `{"backends": [{"kind": "mock", "name": "m", "tokens": "a"}]}`, []string{
			`:1: backends[0].tokens: "a" is not allowed: it must be a list of strings`}},
		{"several at once", "{\"x\": 1,\n\"queue\": {\"active\": \"x\"},\n\"log_level\": 5}", []string{
			`:1: x: unknown key; allowed: backends, drain_timeout_ms, engine_dir, log_level, models_home, queue`,
			`:2: queue.active: "x" is not allowed: it must be a whole number from 0 to 1024`,
			`:3: log_level: 5 is not allowed: it must be a string`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, test.content)
			_, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)})
			if err == nil {
				t.Fatal("loaded")
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), path, ""), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad_RefusesByNameWhatItDoesNotSupportYet(t *testing.T) {
	for _, key := range []string{"auto_pull", "model", "n_ctx", "n_gpu_layers", "admin_addr", "listen"} {
		if _, err := load(t, `{"`+key+`": {}}`); err == nil || !strings.HasSuffix(err.Error(), ":1: "+key+": not supported by this version yet") {
			t.Errorf("%s: got %v", key, err)
		}
	}
	for _, key := range []string{"mmproj", "embed", "embed_pooling", "embed_n_ctx", "rerank", "chat_template"} {
		content := `{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin", "` + key + `": true}]}`
		if _, err := load(t, content); err == nil || !strings.HasSuffix(err.Error(), ":1: backends[0]."+key+": not supported by this version yet") {
			t.Errorf("%s: got %v", key, err)
		}
	}
	for _, kind := range []string{"openai-compat", "bedrock-invoke"} {
		content := `{"backends": [{"kind": "` + kind + `", "name": "a", "base_url": "https://x"}]}`
		want := `backends[0].kind: "` + kind + `" is not supported by this version yet; allowed: llamacpp, mock`
		if _, err := load(t, content); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

func TestLoad_ReportsABoundedNumberOfProblems(t *testing.T) {
	_, err := load(t, "{"+strings.Repeat("\"x\": 1,", 1000)+"}")
	if err == nil {
		t.Fatal("loaded")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxProblems+1 || !strings.HasSuffix(lines[maxProblems], "and 950 more problems") {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

func TestError_GivesItsProblemsToErrorsAs(t *testing.T) {
	_, err := load(t, "{\n\"x\": 1}")
	problem, ok := errors.AsType[*Problem](err)
	if !ok || problem.Line != 2 || problem.Key != "x" {
		t.Errorf("got %+v", problem)
	}
}

func TestNearest_FindsTheLikelyWord(t *testing.T) {
	words := []string{"slots", "threads", "model"}
	tests := map[string]string{
		"slot": "slots", "Slots": "slots", "tread": "threads", "moddel": "model",
		"q": "", "completely": "", strings.Repeat("slots", 100): "",
	}
	for key, want := range tests {
		if got := nearest(key, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", key, got, want)
		}
	}
}
