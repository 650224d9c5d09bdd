package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// valuesOnly compares configurations without where their values are from.
var valuesOnly = cmpopts.IgnoreFields(Config{}, "Origins", "File")

// llamaCPP is c with the defaults of what it leaves out.
func llamaCPP(c LlamaCPP) LlamaCPP {
	d := defaultLlamaCPP()
	d.Model, d.SHA256, d.NCtx, d.NGPULayers = c.Model, c.SHA256, c.NCtx, c.NGPULayers
	return d
}

func TestLoad_RunsTheBuiltinModelWhenNothingIsConfigured(t *testing.T) {
	want := Config{
		Backends: []Backend{{
			Kind: KindLlamaCPP, Name: "builtin",
			LlamaCPP: llamaCPP(LlamaCPP{Model: "builtin"}),
		}},
		AutoPull:     true,
		DrainTimeout: 30 * time.Second,
		Queue:        Queue{Active: 0, Waiting: 128},
		LogLevel:     slog.LevelInfo,
	}
	sources := map[string]Sources{
		"no home":         {Getenv: env(nil)},
		"no default file": {Getenv: env(map[string]string{"HOME": t.TempDir()})},
		"an absent path that nobody named": {
			Path: filepath.Join(t.TempDir(), "absent.json"), Getenv: env(nil),
		},
		"an empty object": {Path: write(t, "{}"), Explicit: true, Getenv: env(nil)},
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			got, err := Load(src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, valuesOnly); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad_ReadsEveryKey(t *testing.T) {
	got, err := load(t, `
// comments and trailing commas are fine
{
	"auto_pull": false,
	"models_home": "~/models",
	"n_ctx": "auto",
	"n_gpu_layers": -1,
	"admin_addr": "/run/admin.sock",
	"listen": {"tcp": "127.0.0.1:47321", "tcp_v2": "[::1]:2", "tcp_embed": "localhost:3", "api_key_env": "KEY"},
	"engine_dir": "/opt/engine",
	"drain_timeout_ms": 1500,
	"queue": {"active": 3, "waiting": 7,},
	"log_level": "debug",
	"backends": [
		{"kind": "llamacpp", "name": "big-1.0_x", "model": "/m/big.gguf",
		 "n_ctx": 4096, "n_gpu_layers": 99, "slots": 32, "threads": 6, "cache_mib": 0,
		 "mmproj": "projector", "embed": true, "embed_pooling": "mean", "embed_n_ctx": 512, "rerank": true, "chat_template": "{{ x }}",
		 "batch": 1024, "kv_type_k": "q8_0", "kv_type_v": "q4_0", "flash_attn": "on", "mmap": false, "mlock": true,
		 "lora": [{"path": "/a", "scale": 0.5}, {"path": "/b"}], "verify": "always"}, /* and */
		{"kind": "llamacpp", "name": "small", "model": "builtin"},
		{"kind": "mock", "name": "m", "model": "x", "tokens": ["a", "b"], "echo": false, "loop": true, "n_ctx": 9, "slots": 2,
		 "ready_delay_ms": 1, "first_delay_ms": 2, "token_delay_ms": 0.5, "fail_before": true, "fail_after_tokens": 0, "fail_kind": "invalid"},
		{"kind": "openai-compat", "name": "lan", "base_url": "http://10.0.0.7:8000/v1", "model": "big", "api_key_env": "LAN_KEY", "timeout_secs": 9},
		{"kind": "bedrock-invoke", "name": "cloud", "region": "eu-central-1", "model_id": "vendor.model-v1:0",
		 "bearer_token_env": "AWS_BEARER_TOKEN_BEDROCK", "endpoint": "https://bedrock.example.org"},
	],
}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		NCtx: AutoCtx, NGPULayers: AllLayers,
		ModelsHome: "~/models", AdminAddr: "/run/admin.sock",
		Listen:       Listen{TCP: "127.0.0.1:47321", TCPV2: "[::1]:2", TCPEmbed: "localhost:3", APIKeyEnv: "KEY"},
		EngineDir:    "/opt/engine",
		DrainTimeout: 1500 * time.Millisecond,
		Queue:        Queue{Active: 3, Waiting: 7},
		LogLevel:     slog.LevelDebug,
		Backends: []Backend{
			{Kind: KindLlamaCPP, Name: "big-1.0_x", LlamaCPP: LlamaCPP{
				Model: "/m/big.gguf", MMProj: "projector", NCtx: 4096, NGPULayers: 99, Embed: true, Rerank: true, EmbedPooling: "mean",
				EmbedNCtx: 512, ChatTemplate: "{{ x }}", Slots: 32, Threads: 6, CacheMiB: 0, Batch: 1024, KVTypeK: "q8_0", KVTypeV: "q4_0",
				FlashAttn: "on", MMap: false, MLock: true, LoRA: []LoRA{{"/a", 0.5}, {"/b", 1}}, Verify: "always",
			}},
			{Kind: KindLlamaCPP, Name: "small", LlamaCPP: llamaCPP(LlamaCPP{Model: "builtin", NCtx: AutoCtx, NGPULayers: AllLayers})},
			{Kind: KindMock, Name: "m", Mock: Mock{
				Model: "x", Tokens: []string{"a", "b"}, Loop: true, NCtx: 9, Slots: 2,
				ReadyDelay: time.Millisecond, FirstDelay: 2 * time.Millisecond, TokenDelay: 500 * time.Microsecond,
				FailBefore: true, FailAfterTokens: new(int), FailKind: "invalid",
			}},
			{Kind: KindOpenAI, Name: "lan", OpenAI: OpenAI{
				BaseURL: "http://10.0.0.7:8000/v1", Model: "big", APIKeyEnv: "LAN_KEY", Timeout: 9 * time.Second,
			}},
			{Kind: KindBedrock, Name: "cloud", Bedrock: Bedrock{
				Region: "eu-central-1", ModelID: "vendor.model-v1:0", BearerTokenEnv: "AWS_BEARER_TOKEN_BEDROCK",
				Endpoint: "https://bedrock.example.org", Timeout: 300 * time.Second,
			}},
		},
	}
	if diff := cmp.Diff(want, got, valuesOnly); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestLoad_LaterSourcesWin(t *testing.T) {
	path := write(t, `{"drain_timeout_ms": 1, "queue": {"waiting": 1}, "log_level": "warn"}`)
	got, err := Load(Sources{
		Path: path, Explicit: true,
		Getenv: env(map[string]string{"INFERD_DRAIN_TIMEOUT_MS": "2", "INFERD_QUEUE_WAITING": "2"}),
		Flags:  Flags{Values: map[string]string{"drain_timeout_ms": "3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.DrainTimeout != 3*time.Millisecond {
		t.Errorf("drain timeout %v, want the flag's 3ms", got.DrainTimeout)
	}
	if got.Queue.Waiting != 2 {
		t.Errorf("waiting %d, want the environment's 2", got.Queue.Waiting)
	}
	if got.LogLevel != slog.LevelWarn {
		t.Errorf("log level %v, want the file's warn", got.LogLevel)
	}
}

func TestLoad_FindsTheFile(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, ".inferd")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"queue": {"active": 1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	named := write(t, `{"queue": {"active": 2}}`)
	flag := write(t, `{"queue": {"active": 3}}`)
	tests := []struct {
		name   string
		src    Sources
		active int
	}{
		{"in the home directory", Sources{Getenv: env(map[string]string{"HOME": home})}, 1},
		{"named in the environment", Sources{Getenv: env(map[string]string{"HOME": home, "INFERD_CONFIG": named})}, 2},
		{"named by flag", Sources{Path: flag, Explicit: true, Getenv: env(map[string]string{"INFERD_CONFIG": named})}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Load(test.src)
			if err != nil {
				t.Fatal(err)
			}
			if got.Queue.Active != test.active {
				t.Errorf("active %d, want %d", got.Queue.Active, test.active)
			}
		})
	}
}

func TestLoad_NeverTakesABadFileForAnAbsentOne(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent.json")
	big := write(t, "{}"+strings.Repeat(" ", 256<<10))
	tests := []struct {
		name string
		src  Sources
		want string
	}{
		{"absent but named", Sources{Path: absent, Explicit: true}, absent + ": read config file: "},
		{"absent but named in the environment", Sources{Getenv: env(map[string]string{"INFERD_CONFIG": absent})}, absent + ": read config file: "},
		{"a directory", Sources{Path: t.TempDir()}, ": read config file: "},
		{"empty", Sources{Path: write(t, "")}, ":1: not JSON"},
		{"broken", Sources{Path: write(t, "{\n\"queue\": {\n}")}, ":3: not JSON"},
		{"not an object", Sources{Path: write(t, "[]")}, ":1: a list is not allowed: it must be an object"},
		{"too big", Sources{Path: big}, "more than 256 KiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.src.Getenv == nil {
				test.src.Getenv = env(nil)
			}
			cfg, err := Load(test.src)
			if err == nil {
				t.Fatalf("loaded %+v, want an error", cfg)
			}
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("got %T, want *Error", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not contain %q", err, test.want)
			}
			if diff := cmp.Diff(Config{}, cfg); diff != "" {
				t.Errorf("a config came with the error: %s", diff)
			}
		})
	}
}

func TestLoad_UnreadableFileIsAnError(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		// Permissions bind neither; a path through a file is unreadable to all.
		path := filepath.Join(write(t, "{}"), "config.json")
		if _, err := Load(Sources{Path: path, Explicit: true, Getenv: env(nil)}); err == nil {
			t.Error("loaded a path through a file")
		}
		return
	}
	path := write(t, "{}")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Sources{Path: path, Getenv: env(nil)}); err == nil {
		t.Error("loaded a file that can't be read")
	}
}

func TestLoad_RefusesBadEnvironmentAndFlags(t *testing.T) {
	_, err := Load(Sources{
		Getenv: env(map[string]string{"INFERD_QUEUE_WAITING": "many", "INFERD_LOG_LEVEL": "loud"}),
		Flags:  Flags{Values: map[string]string{"engine_dir": "here", "queue.activ": "1"}},
	})
	want := []string{
		`environment variable INFERD_QUEUE_WAITING: "many" is not allowed: it must be a whole number from 0 to 65536`,
		`environment variable INFERD_LOG_LEVEL: "loud" is not allowed: it must be one of debug, info, warn, error`,
		`flag --engine-dir: "here" is not allowed: it must be an absolute path`,
		`flag --queue-activ: unknown; did you mean "queue.active"? allowed: admin_addr, auto_pull, drain_timeout_ms, engine_dir, log_level, model, models_home, n_ctx, n_gpu_layers, queue.active, queue.waiting, slots, threads`,
	}
	if err == nil {
		t.Fatal("loaded")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestLoad_MockNeverReplacesAConfiguredBackend(t *testing.T) {
	flags := Flags{Mock: true}
	got, err := Load(Sources{Getenv: env(nil), Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Backend{{Kind: KindMock, Name: "mock"}}, got.Backends); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
	path := write(t, `{"backends": [{"kind": "llamacpp", "name": "a", "model": "builtin"}]}`)
	_, err = Load(Sources{Path: path, Explicit: true, Getenv: env(nil), Flags: flags})
	if err == nil || !strings.Contains(err.Error(), "flag --mock: not allowed beside a configured model or backends") {
		t.Errorf("got %v", err)
	}
}
