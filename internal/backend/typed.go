package backend

import (
	"context"

	"github.com/inferd/inferd/wire"
)

// Chat is a conversation of typed content, as the typed surfaces carry it. It
// is read-only and was validated against the backend's capabilities: every
// attachment_id, tool call and schema in it is good.
type Chat struct {
	Messages    []wire.V2Message
	Attachments []wire.Attachment
	Tools       []wire.Tool
	// ToolChoice is ToolChoiceAuto where the caller said nothing.
	ToolChoice     wire.ToolChoice
	ResponseFormat *wire.ResponseFormat // nil is free text
	// Thinking is nil where the caller leaves it to the model.
	Thinking *bool
	// Sampling is what the caller set, for a backend with defaults of its own.
	Sampling wire.Sampling
}

// ToolCall is a call that the model makes. Its name is one that a tool can have;
// that there is such a tool among the Chat's is not promised of a model that
// makes one up: the caller's result says so to it.
type ToolCall struct {
	// ID is unique in the conversation; the caller sends it back.
	ID, Name string
	Input    []byte // a JSON object
}

// EmbedRequest is texts to be embedded, already validated by wire.
type EmbedRequest struct {
	Input []string
	// Dimensions is what vectors are cut to before they are normalised; 0 is
	// the model's size.
	Dimensions int
	Task       wire.EmbedTask // empty is none
	User       uint32         // as in Request
}

// EmbedResult is the vectors, of length 1 each, and what they took.
type EmbedResult struct {
	Vectors     [][]float32
	InputTokens int
}

// RerankRequest is documents to be scored, already validated by wire.
type RerankRequest struct {
	Query     string
	Documents []string
	User      uint32 // as in Request
}

// RerankResult is the scores, and what they took.
type RerankResult struct {
	Scores      []float32
	InputTokens int
}

// Unsupported is for backends that generate and nothing else: embedded, it is
// the other methods.
type Unsupported struct{}

// Embed refuses the request.
func (Unsupported) Embed(context.Context, *EmbedRequest) (EmbedResult, error) {
	return EmbedResult{}, ErrNoEmbed()
}

// Rerank refuses the request.
func (Unsupported) Rerank(context.Context, *RerankRequest) (RerankResult, error) {
	return RerankResult{}, ErrNoRerank()
}

// ErrNoEmbed is the error of a backend that can't embed.
func ErrNoEmbed() error {
	return &Error{Kind: Invalid, Code: wire.CodeEmbedUnsupported, Message: "the model that serves this request makes no embeddings"}
}

// ErrNoRerank is the error of a backend that can't rerank.
func ErrNoRerank() error {
	return &Error{Kind: Invalid, Code: wire.CodeRerankUnsupported, Message: "the model that serves this request does not rerank"}
}

// ErrNoV2 is the error of a backend that takes no typed content.
func ErrNoV2() error {
	return &Error{Kind: Invalid, Message: "the model that serves this request takes no typed content"}
}

// Public is what clients are told of the capabilities, without the backend's
// name.
func (c Capabilities) Public() wire.Capabilities {
	return wire.Capabilities{
		V2: c.V2, Vision: c.Vision, Audio: c.Audio, Tools: c.Tools, Thinking: c.Thinking,
		Embed: c.Embed, Rerank: c.Rerank, AudioSampleRate: c.AudioSampleRate, StructuredOutput: c.StructuredOutput,
		Accelerator: c.Accelerator, GPULayers: c.GPULayers, DeviceName: c.DeviceName, WireVersion: wire.WireVersion,
		Model: c.Model, NCtx: c.ContextTokens, Slots: c.Slots, Engine: c.Engine,
	}
}
