package proto

import (
	"time"

	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/wire"
)

// Hello is the worker's first word.
type Hello struct {
	Version int `json:"version"`
}

// Load tells the worker what to load and how to run it.
type Load struct {
	EngineRoot string `json:"engine_root"`
	// Parts are the files of the model, in order; none is the model built into
	// the worker.
	Parts []File `json:"parts,omitempty"`
	// Adapters are LoRA adapters, all of them applied.
	Adapters  []Adapter `json:"adapters,omitempty"`
	GPULayers int       `json:"gpu_layers"`
	// NoMmap reads the weights instead of mapping them; Mlock keeps them in
	// memory.
	NoMmap bool `json:"no_mmap,omitempty"`
	Mlock  bool `json:"mlock,omitempty"`
	// KeyType and ValueType are what the KV cache is stored in; empty is f16.
	KeyType   string `json:"kv_type_k,omitempty"`
	ValueType string `json:"kv_type_v,omitempty"`
	// FlashAttention is auto, on or off; empty is auto.
	FlashAttention string `json:"flash_attention,omitempty"`
	// Batch is how many tokens one step of the engine takes at most; 0 lets the
	// worker choose.
	Batch int `json:"batch,omitempty"`
	// Context is how many tokens prompt and answer of one request may have
	// together; 0 takes what the model was trained with, up to a bound, and -1
	// the largest that fits into Memory, up to another.
	Context int `json:"context"`
	Slots   int `json:"slots"`
	// Threads is how many compute; 0 lets the worker choose.
	Threads int `json:"threads"`
	// CacheBytes is how much host memory the states of past prompts may take.
	CacheBytes int `json:"cache_bytes"`
	// Memory is how many bytes there are for the worker; 0 where that is not
	// known. The daemon looks, since the worker may not.
	Memory int64 `json:"memory,omitempty"`
	// Embed and Rerank make the model read texts, beside what else it does.
	Embed  *Reading `json:"embed,omitempty"`
	Rerank *Reading `json:"rerank,omitempty"`
}

// File is a file that the daemon has opened, read-only, for the worker.
type File struct {
	// Name is what a person knows it by, for messages.
	Name string `json:"name"`
	// FD is the descriptor that the worker has inherited. Where the system does
	// not hand descriptors on it is 0, and Name is a path to open.
	FD int `json:"fd,omitempty"`
}

// Adapter is a LoRA adapter and how much of it is applied.
type Adapter struct {
	File  File    `json:"file"`
	Scale float32 `json:"scale"`
}

// The values of Load.FlashAttention.
const (
	FlashAuto = "auto"
	FlashOn   = "on"
	FlashOff  = "off"
)

// Loading says how far loading is.
type Loading struct {
	Phase    string  `json:"phase"` // mmap, load or kv_cache
	Path     string  `json:"path,omitempty"`
	Fraction float64 `json:"fraction,omitempty"`
	Context  int     `json:"context,omitempty"`
}

// The phases of Loading, with their names on the admin surface.
const (
	PhaseMmap    = "mmap"
	PhaseLoad    = "load"
	PhaseKVCache = "kv_cache"
)

// Ready says what was loaded.
type Ready struct {
	// Model is what the model calls itself; empty where it has no name.
	Model       string           `json:"model"`
	Engine      string           `json:"engine"`
	Context     int              `json:"context"`
	Slots       int              `json:"slots"`
	Threads     int              `json:"threads"`
	Accelerator wire.Accelerator `json:"accelerator"`
	DeviceName  string           `json:"device_name,omitempty"`
	GPULayers   int              `json:"gpu_layers"`
	// Memory is how many bytes of the host's memory the plan foresees.
	Memory int64 `json:"memory"`
	// Generates is false for a model that can't answer chats; Why says why.
	Generates bool   `json:"generates"`
	Why       string `json:"why,omitempty"`
	// Tools and Thinking say that requests may use them: the model's template has
	// a form for them, which the worker renders and reads.
	Tools    bool `json:"tools,omitempty"`
	Thinking bool `json:"thinking,omitempty"`
	// Embedding and Reranking are what was asked for with Load.Embed and
	// Load.Rerank.
	Embedding *Embedding `json:"embedding,omitempty"`
	Reranking *Reranking `json:"reranking,omitempty"`
	// Traits are what the model is made for, whether or not that can be used.
	Traits Traits `json:"traits"`
}

// FailKind says what kept a worker from becoming ready.
type FailKind string

// The kinds of failure; none but the last may mend itself by trying again.
const (
	FailEngine FailKind = "engine" // the library is missing, damaged or unknown
	FailModel  FailKind = "model"  // the model can't be loaded
	FailConfig FailKind = "config" // the options can't be had
	FailMemory FailKind = "memory" // there is not enough of it, or there was not
)

// Failed ends a load that did not work.
type Failed struct {
	Kind    FailKind `json:"kind"`
	Message string   `json:"message"`
	Hint    string   `json:"hint,omitempty"`
}

// Generate asks for one answer.
type Generate struct {
	Request uint64 `json:"request"`
	User    uint32 `json:"user"`
	// Messages are a conversation in text, which is answered in text alone:
	// thoughts are left out, and calls are the text that the model wrote.
	Messages []wire.Message `json:"messages,omitempty"`
	// Content is a typed conversation, in the place of Messages. Its answer
	// comes in all kinds of events: calls where there are tools, and only text
	// where a grammar shapes it.
	Content  *prompt.Conversation `json:"content,omitempty"`
	Params   wire.Params          `json:"params"`
	Progress bool                 `json:"progress,omitempty"`
}

// End closes a request. Of Embed and Rerank it says the usage and the error.
// Error is empty where it was answered.
type End struct {
	Request uint64          `json:"request"`
	Stop    wire.StopReason `json:"stop,omitempty"`
	// StopString says that a stop string ended the answer, ToolUse that the
	// model ended it and has called tools in it. Both stand beside StopEnd.
	StopString bool          `json:"stop_string,omitempty"`
	ToolUse    bool          `json:"tool_use,omitempty"`
	Usage      wire.Usage    `json:"usage"`
	Prefill    time.Duration `json:"prefill_ns"`
	FirstToken time.Duration `json:"first_token_ns"`
	Decode     time.Duration `json:"decode_ns"`
	Seed       uint32        `json:"seed"`
	Error      string        `json:"error,omitempty"`
	// Invalid says that the error is the caller's to mend.
	Invalid bool `json:"invalid,omitempty"`
	// Malformed says that the error is a tool call that can't be read. What
	// the model wrote came before in an EventMalformed; Error quotes none of it.
	Malformed bool `json:"malformed,omitempty"`
}
