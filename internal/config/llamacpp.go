package config

import (
	"fmt"
	"slices"

	"github.com/tailscale/hujson"
)

// AutoCtx is the n_ctx of a backend that takes the largest context for which
// there is memory.
const AutoCtx = -1

// AllLayers is the n_gpu_layers of a backend whose layers all go to the GPU.
const AllLayers = -1

// LlamaCPP are the settings of a backend on the local engine.
type LlamaCPP struct {
	// Model is BuiltinModel, the name of a model in the store, or the absolute
	// path of a GGUF file.
	Model string
	// SHA256 is what the store must have under that name, as 64 lower-case
	// hexadecimal digits; empty is anything. It is that of Config.Models.
	SHA256 string
	// MMProj is the model that turns images and audio into embeddings: the name
	// of one in the store, or an absolute path; empty is none.
	MMProj string
	// MMProjSHA256 is for MMProj what SHA256 is for Model.
	MMProjSHA256 string
	// NCtx is the context size in tokens; 0 is the model's own, AutoCtx the
	// largest that fits.
	NCtx int
	// NGPULayers is how many layers go to the GPU; AllLayers is all.
	NGPULayers int
	// Embed serves embeddings, Rerank scores of documents.
	Embed, Rerank bool
	// EmbedPooling is one of Poolings; empty is the model's own. Like EmbedNCtx,
	// it means nothing without Embed.
	EmbedPooling string
	// EmbedNCtx is the longest input to embed, in tokens; 0 is the model's own.
	EmbedNCtx int
	// ChatTemplate is Jinja text in place of the model's; empty is the model's.
	ChatTemplate string
	// Slots is how many requests run at once.
	Slots int
	// Threads is how many threads compute; 0 follows the machine.
	Threads int
	// CacheMiB is how much memory, in MiB, the states of past prompts may
	// take beside the engine's own cache; 0 keeps none.
	CacheMiB int
	// Batch is how many tokens are computed in one step; 0 leaves it to the
	// engine.
	Batch int
	// KVTypeK and KVTypeV are how the engine's cache keeps keys and values: two
	// of KVTypes.
	KVTypeK, KVTypeV string
	// FlashAttn is auto, on or off.
	FlashAttn string
	// MMap maps the model's file instead of reading it, MLock keeps it from
	// being swapped out.
	MMap, MLock bool
	// LoRA are adapters on top of the model.
	LoRA []LoRA
	// Verify says when the model's digest is checked: always, once, never.
	Verify string
}

// LoRA is one adapter.
type LoRA struct {
	// Path is absolute.
	Path  string
	Scale float64
}

// What the file allows where it allows some words only.
var (
	Poolings   = []string{"none", "mean", "cls", "last", "rank"} // by llama.cpp's numbers
	KVTypes    = []string{"bf16", "f16", "f32", "iq4_nl", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0"}
	FlashAttns = []string{"auto", "off", "on"}
	Verifies   = []string{"always", "never", "once"}
)

// The defaults of a llamacpp backend; those that are not here are zero.
const (
	DefaultSlots     = 4
	DefaultCacheMiB  = 512
	DefaultKVType    = "f16"
	DefaultFlashAttn = "auto"
	DefaultVerify    = "once"
	defaultScale     = 1.0
)

const (
	maxSlots    = 32
	maxCtx      = 1 << 24
	maxLayers   = 100000
	maxThreads  = 1024
	maxCache    = 1 << 20 // MiB: a TiB
	maxBatch    = 1 << 16
	maxTemplate = 64 << 10
	maxLoRA     = 32
	maxScale    = 100
)

func defaultLlamaCPP() LlamaCPP {
	return LlamaCPP{
		Slots: DefaultSlots, CacheMiB: DefaultCacheMiB, KVTypeK: DefaultKVType, KVTypeV: DefaultKVType,
		FlashAttn: DefaultFlashAttn, MMap: true, Verify: DefaultVerify,
	}
}

// fields are the keys of a llamacpp backend, in the order of the docs.
func (c *LlamaCPP) fields() []field {
	return []field{
		described(bind("model", &c.Model, text(checkModel)), &c.Model, &c.SHA256),
		described(bind("mmproj", &c.MMProj, text(checkProjector)), &c.MMProj, &c.MMProjSHA256),
		bind("n_ctx", &c.NCtx, contextSize),
		bind("n_gpu_layers", &c.NGPULayers, layers),
		bind("embed", &c.Embed, truth),
		bind("embed_pooling", &c.EmbedPooling, pooling),
		bind("embed_n_ctx", &c.EmbedNCtx, whole(0, maxCtx)),
		bind("rerank", &c.Rerank, truth),
		bind("chat_template", &c.ChatTemplate, text(checkTemplate)),
		bind("slots", &c.Slots, whole(1, maxSlots)),
		bind("threads", &c.Threads, whole(0, maxThreads)),
		bind("cache_mib", &c.CacheMiB, whole(0, maxCache)),
		bind("batch", &c.Batch, whole(0, maxBatch)),
		bind("kv_type_k", &c.KVTypeK, word(KVTypes)),
		bind("kv_type_v", &c.KVTypeV, word(KVTypes)),
		bind("flash_attn", &c.FlashAttn, word(FlashAttns)),
		bind("mmap", &c.MMap, truth),
		bind("mlock", &c.MLock, truth),
		{name: "lora", walk: c.readLoRA, list: c.listLoRA},
		bind("verify", &c.Verify, word(Verifies)),
	}
}

// check is what no single key is to blame for.
func (c *LlamaCPP) check(r *reader, key string) {
	quantized := !slices.Contains([]string{"f32", "f16", "bf16"}, c.KVTypeV)
	if quantized && c.FlashAttn == "off" {
		r.problemAt(key+".kv_type_v", "%q is not allowed beside flash_attn %q: without flash attention, values can't be quantized", c.KVTypeV, c.FlashAttn)
	}
}

func (c *LlamaCPP) readLoRA(r *reader, key string, v hujson.Value) {
	elements, ok := r.list(key, v, "a list of objects")
	if !ok {
		return
	}
	if len(elements) > maxLoRA {
		r.problem(v, key, "it has %d adapters; at most %d are allowed", len(elements), maxLoRA)
		return
	}
	c.LoRA = make([]LoRA, len(elements))
	for i, element := range elements {
		c.LoRA[i].Scale = defaultScale
		r.required(fmt.Sprintf("%s[%d]", key, i), element, c.LoRA[i].fields(), "path")
	}
}

func (l *LoRA) fields() []field {
	return []field{
		bind("path", &l.Path, text(checkPath)),
		bind("scale", &l.Scale, number(-maxScale, maxScale)),
	}
}

func (c *LlamaCPP) listLoRA(key string, add func(key string, f field)) {
	for i := range c.LoRA {
		for _, f := range c.LoRA[i].fields() {
			add(fmt.Sprintf("%s[%d].%s", key, i, f.name), f)
		}
	}
}
