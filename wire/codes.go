package wire

// Code is the machine-readable reason in an error frame. Codes are
// append-only: a client may match on any of them for ever.
type Code string

// The error codes of the text surface.
const (
	CodeQueueFull          Code = "queue_full"
	CodeBackendUnavailable Code = "backend_unavailable"
	CodeInvalidRequest     Code = "invalid_request"
	CodeFrameTooLarge      Code = "frame_too_large"
	CodeInternal           Code = "internal"
)

// The error codes that the other surfaces add.
const (
	CodeAttachmentUnsupported  Code = "attachment_unsupported"
	CodeToolCallMalformed      Code = "tool_call_malformed"
	CodeWireVersionUnsupported Code = "wire_version_unsupported"
	CodeEmbedUnsupported       Code = "embed_unsupported"
	CodeRerankUnsupported      Code = "rerank_unsupported"
)

// Messages that clients of the family match on; their text never changes.
const (
	MsgQueueFull       = "queue full"
	MsgNoBackend       = "no backend available"
	MsgBackendNotReady = "backend not ready"
	MsgNoTerminalFrame = "backend ended stream without terminal frame"
)

// StopReason says why an answer ended.
type StopReason string

// The stop reasons of the text surface.
const (
	StopEnd       StopReason = "end"
	StopLength    StopReason = "length"
	StopCancelled StopReason = "cancelled"
	StopError     StopReason = "error"
)

// The stop reasons of the typed surfaces, beside StopCancelled and StopError.
const (
	StopEndTurn   StopReason = "end_turn"
	StopMaxTokens StopReason = "max_tokens"
	StopToolUse   StopReason = "tool_use"
	StopSequence  StopReason = "stop_sequence"
)

// Accelerator names the hardware that runs a model.
type Accelerator string

// The accelerators that a capabilities frame can name.
const (
	AcceleratorCPU    Accelerator = "cpu"
	AcceleratorCUDA   Accelerator = "cuda"
	AcceleratorMetal  Accelerator = "metal"
	AcceleratorVulkan Accelerator = "vulkan"
	AcceleratorROCm   Accelerator = "rocm"
)
