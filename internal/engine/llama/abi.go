package llama

import (
	"fmt"
	"strings"
	"unsafe"
)

// modelParams is llama_model_params.
type modelParams struct {
	Devices             uintptr // 0
	TensorBuftOverrides uintptr // 8
	NGPULayers          int32   // 16
	SplitMode           int32   // 20
	LoadMode            int32   // 24
	LazyMode            int32   // 28
	MainGPU             int32   // 32
	_                   int32
	TensorSplit         uintptr // 40
	ProgressCallback    uintptr // 48
	ProgressUserData    uintptr // 56
	KVOverrides         uintptr // 64
	VocabOnly           bool    // 72
	CheckTensors        bool
	UseExtraBufts       bool
	NoHost              bool
	NoAlloc             bool
	LoadMTP             bool
	_                   [2]bool
}

// contextParams is llama_context_params.
type contextParams struct {
	NCtx              uint32  // 0
	NBatch            uint32  // 4
	NUBatch           uint32  // 8
	NSeqMax           uint32  // 12
	NRSSeq            uint32  // 16
	NOutputsMax       uint32  // 20
	NOutputsMaxPerSeq uint32  // 24
	NThreads          int32   // 28
	NThreadsBatch     int32   // 32
	CtxType           int32   // 36
	RopeScalingType   int32   // 40
	PoolingType       int32   // 44
	AttentionType     int32   // 48
	FlashAttnType     int32   // 52
	RopeFreqBase      float32 // 56
	RopeFreqScale     float32 // 60
	YarnExtFactor     float32 // 64
	YarnAttnFactor    float32 // 68
	YarnBetaFast      float32 // 72
	YarnBetaSlow      float32 // 76
	YarnOrigCtx       uint32  // 80
	DefragThold       float32 // 84
	CbEval            uintptr // 88
	CbEvalUserData    uintptr // 96
	TypeK             int32   // 104
	TypeV             int32   // 108
	AbortCallback     uintptr // 112
	AbortCallbackData uintptr // 120
	Embeddings        bool    // 128
	OffloadKQV        bool
	NoPerf            bool
	OpOffload         bool
	SWAFull           bool
	KVUnified         bool
	_                 [2]bool
	Samplers          uintptr // 136
	NSamplers         uint64  // 144
	CtxOther          uintptr // 152
}

// cBatch is llama_batch.
type cBatch struct {
	NTokens int32
	_       int32
	Token   *int32
	Embd    *float32
	Pos     *int32
	NSeqID  *int32
	SeqID   **int32
	Logits  *int8
}

// chainParams is llama_sampler_chain_params.
type chainParams struct{ NoPerf bool }

// tokenData is llama_token_data.
type tokenData struct {
	ID    int32
	Logit float32
	P     float32
}

// tokenDataArray is llama_token_data_array.
type tokenDataArray struct {
	Data     *tokenData
	Size     uint64
	Selected int64
	Sorted   bool
	_        [7]bool
}

// The sizes that the layouts above must have; a mismatch does not compile.
var (
	_ = [1]int{}[unsafe.Sizeof(modelParams{})-80]
	_ = [1]int{}[unsafe.Sizeof(contextParams{})-160]
	_ = [1]int{}[unsafe.Sizeof(cBatch{})-56]
	_ = [1]int{}[unsafe.Sizeof(tokenData{})-12]
	_ = [1]int{}[unsafe.Sizeof(tokenDataArray{})-32]
)

// profiles are the llama.cpp versions whose layouts the structs above have,
// by what llama_version answers. Both were compared header by header; one
// set of structs serves both. A new version needs the same before it is added.
var profiles = map[string]string{
	"0.4.0-dev": "v0.4.0",
	"0.5.0-dev": "v0.5.0",
}

// VersionError means that the library is not one whose layouts are known.
type VersionError struct {
	Found string // what the library says of itself
	Why   string // set where the version is known and its defaults are not as expected
}

func (e *VersionError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("engine library %s does not behave like that version: %s", e.Found, e.Why)
	}
	return fmt.Sprintf("engine library is llama.cpp %q, this inferd-engine knows %s", e.Found, KnownVersions())
}

// KnownVersions lists the llama.cpp versions that this build can drive.
func KnownVersions() string {
	return strings.Join([]string{"v0.4.0", "v0.5.0"}, ", ")
}

// checkDefaults compares the library's own defaults with what the profile
// expects of them: fields spread over both structs, so that a shifted layout
// shows before it can corrupt anything.
func checkDefaults(m modelParams, c contextParams) error {
	type field struct {
		name      string
		got, want any
	}
	for _, f := range []field{
		{"model n_gpu_layers", m.NGPULayers, int32(-1)},
		{"model split_mode", m.SplitMode, int32(1)},
		{"model load_mode", m.LoadMode, int32(-1)},
		{"model lazy_mode", m.LazyMode, int32(1)},
		{"model progress_callback", m.ProgressCallback, uintptr(0)},
		{"model vocab_only", m.VocabOnly, false},
		{"model use_extra_bufts", m.UseExtraBufts, true},
		{"context n_ctx", c.NCtx, uint32(512)},
		{"context n_batch", c.NBatch, uint32(2048)},
		{"context n_ubatch", c.NUBatch, uint32(512)},
		{"context n_seq_max", c.NSeqMax, uint32(1)},
		{"context n_threads", c.NThreads, int32(4)},
		{"context pooling_type", c.PoolingType, int32(-1)},
		{"context flash_attn_type", c.FlashAttnType, int32(-1)},
		{"context yarn_attn_factor", c.YarnAttnFactor, float32(-1)},
		{"context defrag_thold", c.DefragThold, float32(-1)},
		{"context type_k", c.TypeK, int32(1)},
		{"context type_v", c.TypeV, int32(1)},
		{"context abort_callback", c.AbortCallback, uintptr(0)},
		{"context offload_kqv", c.OffloadKQV, true},
		{"context swa_full", c.SWAFull, true},
		{"context kv_unified", c.KVUnified, false},
		{"context n_samplers", c.NSamplers, uint64(0)},
	} {
		if f.got != f.want {
			return fmt.Errorf("default of %s is %v, expected %v", f.name, f.got, f.want)
		}
	}
	return nil
}
