package mock

import (
	"time"

	"github.com/inferd/inferd/internal/backend"
)

// DefaultName is the name of a mock that was given none.
const DefaultName = "mock"

// Config is the script of a mock. The zero value answers every request at once
// with a short English sentence.
type Config struct {
	// Name is the config entry's name; empty is DefaultName.
	Name string
	// Model is the model that the mock claims to run.
	Model string
	// Tokens is the answer, piece by piece; none is the sentence. Characters
	// may be cut across tokens: the text is put together as from a real model.
	Tokens []string
	// Echo answers with the words of the last user message, not with Tokens.
	Echo bool
	// Loop repeats the answer until max_tokens, a stop string or a cancel.
	Loop bool
	// NoGenerate takes generation from what the mock can do.
	NoGenerate bool
	// Thinking comes before the answer, piece by piece, on the typed surfaces.
	Thinking []string
	// ToolCalls end an answer to a request with tools, if it is not cut.
	ToolCalls []backend.ToolCall
	// Structured claims that the mock enforces tool choices and formats; of
	// those it follows wire.ToolChoiceNone only.
	Structured bool
	// Vision and AudioSampleRate, in Hz, are the media that the mock takes.
	Vision          bool
	AudioSampleRate int
	// Dimensions is the size of the vectors that the mock makes; 0 is none. They
	// depend on the text and nothing else.
	Dimensions int
	// Vectors are the vectors of the first texts of every request, instead.
	Vectors [][]float32
	// Rerank scores documents by how many words they share with the query.
	Rerank bool
	// ContextTokens bounds prompt and answer, in tokens; 0 is no bound. A
	// prompt's tokens are its words.
	ContextTokens int
	// Slots is what Capabilities says; the mock itself runs any number.
	Slots int
	// ReadyDelay is from New to the first Ready.
	ReadyDelay time.Duration
	// FirstDelay is before the first token, TokenDelay before each other.
	FirstDelay, TokenDelay time.Duration
	// FailBefore fails every request after FirstDelay, before the first token.
	FailBefore bool
	// FailAfterTokens fails every request after so many tokens; nil or below
	// 0 is never. An answer that is over sooner does not fail.
	FailAfterTokens *int
	// FailKind is the kind of those failures; 0 is backend.Unavailable.
	FailKind backend.Kind
}
