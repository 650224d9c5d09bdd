package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Files in the forms that other programs of the family write and document:
// with null for what is not set, models described in place, and llama.cpp's
// numbers.
func TestLoad_ReadsTheFamilysFiles(t *testing.T) {
	a, b, c := strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 64)
	got := mustLoad(t, `{
  "auto_pull": true, "models_home": null, "model": null, "n_ctx": 8192, "n_gpu_layers": -1, "admin_addr": null,
  "backends": [
    {"kind": "llamacpp", "name": "chat",
     "model": {"name": "chat", "sha256": "`+a+`", "size_bytes": 5126304928, "source_url": "https://example.org/chat.gguf", "license": "gemma"},
     "mmproj": {"name": "chat-mmproj", "sha256": "`+b+`", "size_bytes": null, "source_url": "https://example.org/mmproj.gguf", "license": null},
     "n_ctx": 8192, "n_gpu_layers": -1, "embed": false, "embed_n_ctx": 2048},
    {"kind": "llamacpp", "name": "embed",
     "model": {"name": "embed", "sha256": "`+c+`", "source_url": "https://example.org/embed.gguf"},
     "n_ctx": 2048, "embed": true, "embed_pooling": 1, "embed_n_ctx": 2048},
    {"kind": "openai-compat", "name": "fallback", "base_url": "https://api.example.org", "model": "big", "api_key_env": null},
    {"kind": "bedrock-invoke", "name": "cloud", "region": "us-east-1", "model_id": "vendor.model-20241022-v2:0",
     "bearer_token_env": null, "endpoint": "vpce.example.org", "timeout_secs": 60}
  ],
  "listen": {"tcp": null, "tcp_v2": "127.0.0.1:9091", "api_key_env": null}
}`)
	chat := llamaCPP(LlamaCPP{Model: "chat", SHA256: a, NCtx: 8192, NGPULayers: AllLayers})
	chat.MMProj, chat.MMProjSHA256, chat.EmbedNCtx = "chat-mmproj", b, 2048
	embed := llamaCPP(LlamaCPP{Model: "embed", SHA256: c, NCtx: 2048, NGPULayers: AllLayers})
	embed.Embed, embed.EmbedPooling, embed.EmbedNCtx = true, "mean", 2048
	want := []Backend{
		{Kind: KindLlamaCPP, Name: "chat", LlamaCPP: chat},
		{Kind: KindLlamaCPP, Name: "embed", LlamaCPP: embed},
		{Kind: KindOpenAI, Name: "fallback", OpenAI: OpenAI{BaseURL: "https://api.example.org", Model: "big", Timeout: 300 * time.Second}},
		{Kind: KindBedrock, Name: "cloud", Bedrock: Bedrock{
			Region: "us-east-1", ModelID: "vendor.model-20241022-v2:0", Endpoint: "https://vpce.example.org", Timeout: time.Minute,
		}},
	}
	if diff := cmp.Diff(want, got.Backends); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
	models := []Model{
		{Key: "backends[0].model", Name: "chat", SHA256: a, SizeBytes: 5126304928, SourceURL: "https://example.org/chat.gguf", License: "gemma"},
		{Key: "backends[0].mmproj", Name: "chat-mmproj", SHA256: b, SourceURL: "https://example.org/mmproj.gguf"},
		{Key: "backends[1].model", Name: "embed", SHA256: c, SourceURL: "https://example.org/embed.gguf"},
	}
	if diff := cmp.Diff(models, got.Models); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	if got.AdminAddr != "" || got.Listen != (Listen{TCPV2: "127.0.0.1:9091"}) || got.Origin("admin_addr").Kind != FromDefault {
		t.Errorf("null is not nothing: %q, %+v, %v", got.AdminAddr, got.Listen, got.Origin("admin_addr"))
	}
}

func TestLoad_ReadsTheFamilysOldForm(t *testing.T) {
	sum := strings.Repeat("0", 64)
	got := mustLoad(t, `{"auto_pull": false, "models_home": "~/.local/share/models", "n_ctx": 4096, "n_gpu_layers": 35,
		"model": {"name": "chat", "sha256": "`+sum+`", "source_url": "https://example.org/chat.gguf"}, "backends": null}`)
	want := []Backend{{Kind: KindLlamaCPP, Name: "chat", LlamaCPP: llamaCPP(LlamaCPP{Model: "chat", SHA256: sum, NCtx: 4096, NGPULayers: 35})}}
	if diff := cmp.Diff(want, got.Backends); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
	if err := got.Unbuilt(); err != nil {
		t.Errorf("does not start: %v", err)
	}
}
