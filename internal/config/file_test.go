package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is allowed at the top, and in a llamacpp backend.
const (
	allTop = "allowed: admin_addr, auto_pull, backends, drain_timeout_ms, engine_dir, listen, log_level, model, " +
		"models_home, n_ctx, n_gpu_layers, queue"
	allLlamaCPP = "allowed: batch, cache_mib, chat_template, embed, embed_n_ctx, embed_pooling, flash_attn, kind, kv_type_k, " +
		"kv_type_v, lora, mlock, mmap, mmproj, model, n_ctx, n_gpu_layers, name, rerank, slots, threads, verify"
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
			`:3: drain_timeout: unknown key; did you mean "drain_timeout_ms"? ` + allTop}},
		{"unknown key like no other", `{"zzzzzzzz": 1}`, []string{
			`:1: zzzzzzzz: unknown key; ` + allTop}},
		{"key in another case", `{"Log_Level": "info"}`, []string{
			`:1: Log_Level: unknown key; did you mean "log_level"? ` + allTop}},
		{"nested unknown key", "{\"queue\": {\n\"waitng\": 1}}", []string{
			`:2: queue.waitng: unknown key; did you mean "waiting"? allowed: active, waiting`}},
		{"key set twice", "{\"log_level\": \"info\",\n\"log_level\": \"warn\"}", []string{
			`:2: log_level: set twice: remove one`}},
		{"wrong type", `{"queue": 5}`, []string{`:1: queue: 5 is not allowed: it must be an object`}},
		{"object for a value", `{"log_level": {}}`, []string{`:1: log_level: an object is not allowed: it must be a single value`}},
		{"nothing where something is required", `{"backends": [{"kind": "llamacpp", "name": null, "model": "builtin"}]}`, []string{`:1: backends[0].name: missing`}},
		{"set twice, once to nothing", `{"log_level": null, "log_level": "info"}`, []string{`:1: log_level: set twice: remove one`}},
		{"one name for two models", "{\"backends\": [{\"kind\": \"llamacpp\", \"name\": \"a\", \"model\": {\"name\": \"m\"},\n\"mmproj\": {\"name\": \"m\", \"sha256\": \"" + strings.Repeat("0", 64) + "\"}}]}", []string{
			`:2: backends[0].mmproj.name: "m" is the name of backends[0].model already, with another sha256`}},
		{"bad descriptions of models", "{\"backends\": [{\"kind\": \"llamacpp\", \"name\": \"a\", \"model\": {},\n\"mmproj\": []}]}", []string{
			`:1: backends[0].model.name: missing`, `:2: backends[0].mmproj: a list is not allowed: it must be a single value`}},
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
			`:1: backends[0].kind: missing; allowed: bedrock-invoke, llamacpp, mock, openai-compat`}},
		{"unknown kind", `{"backends": [{"kind": "llama.cpp", "anything": 1}]}`, []string{
			`:1: backends[0].kind: "llama.cpp" is not a kind of backend; did you mean "llamacpp"? allowed: bedrock-invoke, llamacpp, mock, openai-compat`}},
		{"no name, no model", `{"backends": [{"kind": "llamacpp"}]}`, []string{
			`:1: backends[0].name: missing`, `:1: backends[0].model: missing`}},
		{"bad name", `{"backends": [{"kind": "llamacpp", "name": "a b", "model": "builtin"}]}`, []string{
			`:1: backends[0].name: "a b" is not allowed: a name is 1 to 128 of A-Z a-z 0-9 . _ -`}},
		{"bad model", `{"backends": [{"kind": "llamacpp", "name": "a", "model": "../m.gguf"}]}`, []string{
			`:1: backends[0].model: "../m.gguf" is not allowed: it must be "builtin", the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file`}},
		{"bad slots", backend(`"slots": 0`), []string{
			`:1: backends[0].slots: 0 is not allowed: it must be a whole number from 1 to 32`}},
		{"too many slots", backend(`"slots": 33`), []string{
			`:1: backends[0].slots: 33 is not allowed: it must be a whole number from 1 to 32`}},
		{"bad threads", backend(`"threads": -1`), []string{
			`:1: backends[0].threads: -1 is not allowed: it must be a whole number from 0 to 1024`}},
		{"unknown key of a backend", backend(`"slot": 4`), []string{
			`:1: backends[0].slot: unknown key; did you mean "slots"? ` + allLlamaCPP}},
		{"one name twice", "{\"backends\": [{\"kind\": \"llamacpp\", \"name\": \"a\", \"model\": \"builtin\"},\n{\"kind\": \"mock\", \"name\": \"a\"}]}", []string{
			`:2: backends[1].name: "a" is the name of backends[0] already: names must be unique`}},
		{"bad mock", `{"backends": [{"kind": "mock", "name": "m", "tokens": [1, "a"], "echo": 1, "token_delay_ms": -1, "fail_kind": "no"}]}`, []string{
			`:1: backends[0].tokens[0]: 1 is not allowed: it must be a string`,
			`:1: backends[0].echo: 1 is not allowed: it must be true or false`,
			`:1: backends[0].token_delay_ms: -1 is not allowed: it must be a number from 0 to 3600000`,
			`:1: backends[0].fail_kind: "no" is not allowed: it must be one of internal, invalid, unavailable`}},
		{"tokens and echo", `{"backends": [{"kind": "mock", "name": "m", "tokens": ["a"], "echo": true}]}`, []string{
			`:1: backends[0].echo: not allowed beside tokens`}},
		{"echo and tokens", `{"backends": [{"kind": "mock", "name": "m", "echo": true, "tokens": ["a"]}]}`, []string{
			`:1: backends[0].echo: not allowed beside tokens`}},
		{"tokens of another type", `{"backends": [{"kind": "mock", "name": "m", "tokens": "a"}]}`, []string{
			`:1: backends[0].tokens: "a" is not allowed: it must be a list of strings`}},
		{"context that is neither", `{"n_ctx": "most"}`, []string{
			`:1: n_ctx: "most" is not allowed: it must be a whole number from 0 to 16777216, or "auto"`}},
		{"layers below all", `{"n_gpu_layers": -2}`, []string{
			`:1: n_gpu_layers: -2 is not allowed: it must be a whole number from -1 to 100000`}},
		{"model and backends", "{\"model\": {\"name\": \"a\"},\n\"backends\": [{\"kind\": \"mock\", \"name\": \"a\"}]}", []string{
			`:2: backends: not allowed beside model (line 1): remove one of the two`}},
		{"model without a name", `{"model": {}}`, []string{`:1: model.name: missing`}},
		{"model of another type", `{"model": "qwen"}`, []string{`:1: model: "qwen" is not allowed: it must be an object`}},
		{"model with the built-in one's name", `{"model": {"name": "builtin"}}`, []string{
			`:1: model.name: "builtin" is not allowed: it must be a name in the store: 1 to 128 of A-Za-z0-9._-, the first no dot, and not "builtin"`}},
		{"model to fetch without a digest", `{"model": {"name": "a", "source_url": "https://x/a"}}`, []string{
			`:1: model.sha256: missing: what is fetched from source_url is checked against it`}},
		{"bad model in every key", "{\"model\": {\n\"name\": \".a\",\n\"sha256\": \"00\",\n\"size_bytes\": 0,\n\"source_url\": \"http://example.org/a\",\n\"license\": \"\\u0007\"}}", []string{
			`:2: model.name: ".a" is not allowed: it must be a name in the store: 1 to 128 of A-Za-z0-9._-, the first no dot, and not "builtin"`,
			`:3: model.sha256: "00" is not allowed: a SHA-256 is 64 hexadecimal digits`,
			`:4: model.size_bytes: 0 is not allowed: it must be a whole number from 1 to 9223372036854775807`,
			`:5: model.source_url: it must be an https:// URL, or http:// on this machine`,
			`:6: model.license: "\a" is not allowed: it must be at most 128 characters of ASCII, such as Apache-2.0`}},
		{"listeners for everyone", "{\"listen\": {\"tcp\": \"0.0.0.0:1\",\n\"tcp_v2\": \"192.168.1.1:1\",\n\"tcp_embed\": \"127.0.0.1\"}}", []string{
			`:1: listen.tcp: "0.0.0.0:1" is not allowed: it must be a loopback address and a port, such as 127.0.0.1:47321, [::1]:47321 or localhost:47321`,
			`:2: listen.tcp_v2: "192.168.1.1:1" is not allowed: it must be a loopback address and a port, such as 127.0.0.1:47321, [::1]:47321 or localhost:47321`,
			`:3: listen.tcp_embed: "127.0.0.1" is not allowed: it must be a loopback address and a port, such as 127.0.0.1:47321, [::1]:47321 or localhost:47321`}},
		{"two listeners at one address", "{\"listen\": {\"tcp\": \"[::1]:1\",\n\"tcp_v2\": \"[::1]:1\"}}", []string{
			`:2: listen.tcp_v2: "[::1]:1" is the address of listen.tcp already: each needs its own`}},
		{"a key's own value", `{"listen": {"api_key_env": "sk-proj-hunter2"}}`, []string{
			`:1: listen.api_key_env: it must be the name of an environment variable, 1 to 128 of A-Z a-z 0-9 _ and no digit first, never the secret itself`}},

		{"bad llamacpp in every key", `{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin",
			"mmproj": "a b",
			"embed": 1,
			"embed_pooling": 5,
			"embed_n_ctx": -1,
			"rerank": "yes",
			"chat_template": "",
			"batch": 65537,
			"kv_type_k": "q2",
			"kv_type_v": 8,
			"flash_attn": true,
			"mmap": 0,
			"mlock": [],
			"verify": "sometimes"}]}`, []string{
			`:2: backends[0].mmproj: "a b" is not allowed: it must be the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file`,
			`:3: backends[0].embed: 1 is not allowed: it must be true or false`,
			`:4: backends[0].embed_pooling: 5 is not allowed: it must be one of none, mean, cls, last, rank, or its number from 0`,
			`:5: backends[0].embed_n_ctx: -1 is not allowed: it must be a whole number from 0 to 16777216`,
			`:6: backends[0].rerank: "yes" is not allowed: it must be true or false`,
			`:7: backends[0].chat_template: "" is not allowed: it must be the text of a template, 1 to 65536 bytes`,
			`:8: backends[0].batch: 65537 is not allowed: it must be a whole number from 0 to 65536`,
			`:9: backends[0].kv_type_k: "q2" is not allowed: it must be one of bf16, f16, f32, iq4_nl, q4_0, q4_1, q5_0, q5_1, q8_0`,
			`:10: backends[0].kv_type_v: 8 is not allowed: it must be a string`,
			`:11: backends[0].flash_attn: true is not allowed: it must be a string`,
			`:12: backends[0].mmap: 0 is not allowed: it must be true or false`,
			`:13: backends[0].mlock: a list is not allowed: it must be a single value`,
			`:14: backends[0].verify: "sometimes" is not allowed: it must be one of always, never, once`}},
		{"quantized values without flash attention", backend(`"kv_type_v": "q8_0", "flash_attn": "off"`), []string{
			`:1: backends[0].kv_type_v: "q8_0" is not allowed beside flash_attn "off": without flash attention, values can't be quantized`}},
		{"adapters of another type", backend(`"lora": {}`), []string{`:1: backends[0].lora: an object is not allowed: it must be a list of objects`}},
		{"bad adapters", backend("\"lora\": [{\"scale\": 1},\n{\"path\": \"a.gguf\", \"scale\": 1e9}, 7]"), []string{
			`:1: backends[0].lora[0].path: missing`,
			`:2: backends[0].lora[1].path: "a.gguf" is not allowed: it must be an absolute path`,
			`:2: backends[0].lora[1].scale: 1e9 is not allowed: it must be a number from -100 to 100`,
			`:2: backends[0].lora[2]: 7 is not allowed: it must be an object`}},
		{"too many adapters", backend(`"lora": [` + strings.Repeat(`{"path": "/a"},`, 33) + `]`), []string{
			`:1: backends[0].lora: it has 33 adapters; at most 32 are allowed`}},
		{"openai-compat without anything", `{"backends": [{"kind": "openai-compat"}]}`, []string{
			`:1: backends[0].name: missing`, `:1: backends[0].base_url: missing`, `:1: backends[0].model: missing`}},
		{"bad openai-compat in every key", "{\"backends\": [{\"kind\": \"openai-compat\", \"name\": \"a\",\n\"base_url\": \"https://me:hunter2@x/v1\",\n\"model\": \"a b\",\n\"api_key_env\": \"1A\",\n\"timeout_secs\": 0,\n\"api_key\": \"hunter2\"}]}", []string{
			`:2: backends[0].base_url: it must have no user and no password: secrets are named environment variables`,
			`:3: backends[0].model: "a b" is not allowed: it must be 1 to 256 characters of ASCII without spaces`,
			`:4: backends[0].api_key_env: it must be the name of an environment variable, 1 to 128 of A-Z a-z 0-9 _ and no digit first, never the secret itself`,
			`:5: backends[0].timeout_secs: 0 is not allowed: it must be a whole number from 1 to 86400`,
			`:6: backends[0].api_key: unknown key; did you mean "api_key_env"? allowed: api_key_env, base_url, kind, model, name, timeout_secs`}},
		{"a server with a query", `{"backends": [{"kind": "openai-compat", "name": "a", "model": "m", "base_url": "https://x/?key=hunter2"}]}`, []string{
			`:1: backends[0].base_url: it must be an https:// or http:// URL, without anything after a ? or #`}},
		{"bedrock-invoke without anything", `{"backends": [{"kind": "bedrock-invoke"}]}`, []string{
			`:1: backends[0].name: missing`, `:1: backends[0].region: missing`, `:1: backends[0].model_id: missing`}},
		{"bad bedrock-invoke", "{\"backends\": [{\"kind\": \"bedrock-invoke\", \"name\": \"a\", \"model_id\": \"m\",\n\"region\": \"here\",\n\"endpoint\": \"http://example.org\"}]}", []string{
			`:2: backends[0].region: "here" is not allowed: it must be the name of a region, such as eu-central-1`,
			`:3: backends[0].endpoint: it must be a host, an https:// URL, or http:// on this machine`}},
		{"several at once", "{\"x\": 1,\n\"queue\": {\"active\": \"x\"},\n\"log_level\": 5}", []string{
			`:1: x: unknown key; ` + allTop,
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
