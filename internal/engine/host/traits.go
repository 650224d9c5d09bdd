package host

import (
	"fmt"
	"strings"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
)

// families are chat templates by what only theirs contain. The first that fits
// counts, so the particular ones stand before those that they grew out of.
var families = []struct{ name, marker string }{
	{"Harmony", "<|channel|>"},
	{"Llama 4", "<|header_start|>"},
	{"Llama 3", "<|start_header_id|>"},
	{"Gemma", "<start_of_turn>"},
	{"Command R", "<|START_OF_TURN_TOKEN|>"},
	{"Granite", "<|start_of_role|>"},
	{"DeepSeek", "<\uff5cUser\uff5c>"},
	{"GLM", "[gMASK]"},
	{"Mistral", "[INST]"},
	{"ChatML", "<|im_start|>"},
	{"Phi", "<|end|>"},
	{"Zephyr", "<|assistant|>"},
}

// familyOf names the family of a chat template; one that is not known is
// called by the model's architecture.
func familyOf(f *gguf.File) string {
	template := f.ChatTemplate()
	if template == "" {
		return ""
	}
	for _, family := range families {
		if strings.Contains(template, family.marker) {
			return family.name
		}
	}
	return f.Architecture()
}

// traitsOf is what a model's metadata says that it is made for.
func traitsOf(f *gguf.File) proto.Traits {
	template := f.ChatTemplate()
	t := proto.Traits{
		Architecture: f.Architecture(), Template: familyOf(f), TrainedContext: f.ContextLength(),
		Tools:    strings.Contains(template, "tools"),
		Thinking: strings.Contains(template, "think>") || strings.Contains(template, "enable_thinking"),
	}
	if v, ok := f.Get("clip.has_vision_encoder"); ok {
		t.Vision, _ = v.Bool()
	}
	switch f.Pooling() {
	case gguf.PoolingMean, gguf.PoolingCLS, gguf.PoolingLast:
		t.Embedding = f.EmbeddingLength()
	}
	return t
}

// whyNotRendered says why a model that writes can't be asked: no other model's
// markers are ever tried on it.
func whyNotRendered(t proto.Traits) string {
	if t.Template == "" {
		return "the model has no chat template"
	}
	return fmt.Sprintf("the chat template of family %s is not rendered yet", t.Template)
}
