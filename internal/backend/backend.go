// Package backend is the contract between the daemon and whatever produces
// answers: the local engine, a remote service or the scripted mock. It holds
// no implementation; those are its subpackages, and backendtest is the suite
// that every one of them passes.
package backend

import (
	"context"
	"time"

	"github.com/inferd/inferd/wire"
)

// Backend answers requests. What it has no capability for it refuses with
// Unsupported's errors. Implementations are safe for concurrent use: the
// daemon calls Generate from many goroutines at once, up to
// Capabilities.Slots of them in the ordinary run and more where other requests
// are ending or starting: what it can't run at once, it queues.
type Backend interface {
	// Name is the config entry's name. It is unique in a daemon, never
	// changes, and is what clients see in the `backend` field.
	Name() string

	// Capabilities says what the backend can do. It is final once Ready has
	// been true for the first time. Before that it may be incomplete, but a
	// capability that is hoped for is already true: a request that comes too
	// early is told to wait, not that nobody could ever serve it.
	Capabilities() Capabilities

	// Ready reports whether Generate can be expected to work now. It is a
	// hint for the router: a backend may stop being ready during a call, and
	// then that call returns an Unavailable error.
	Ready() bool

	// Generate answers req, handing the pieces to emit as they come.
	//
	// emit is called from one goroutine at a time, never after Generate has
	// returned, and may block: a blocked emit is how a slow reader pauses its
	// own request, and it must hold up no other one. The slice passed to emit
	// is valid only during the call. An error from emit ends the request:
	// Generate stops the work and returns that error.
	//
	// When ctx ends first, Generate stops the work (also while waiting in
	// the backend or inside a prefill), and returns what there is with
	// StopCancelled and a nil error. No event is emitted after ctx has ended.
	//
	// Every other failure is an *Error, whose Kind says whose fault it was.
	// On an error the returned Result still carries the usage so far.
	//
	// When Generate has returned, nothing of the request is left in the
	// backend: no slot, no goroutine, no remote call.
	Generate(ctx context.Context, req *Request, emit func([]Event) error) (Result, error)

	// Embed returns one vector for each text of req, in order. A vector does
	// not depend on the texts beside it. What Generate promises of ctx, of
	// errors and of what is left behind holds here too, but there is no part
	// of an answer: when ctx ends first, the error is its cause.
	Embed(ctx context.Context, req *EmbedRequest) (EmbedResult, error)

	// Rerank returns one score for each document of req, in order: the raw
	// output of the model, higher for what answers the query better. The rest
	// is as with Embed.
	Rerank(ctx context.Context, req *RerankRequest) (RerankResult, error)
}

// Request is one generation, already validated by wire: of plain text in
// Messages, or of typed content in Chat.
type Request struct {
	Messages []wire.Message
	// Chat is the conversation of a typed surface; Messages is nil then.
	Chat *Chat
	// Params are the settings; those that the caller did not set have the
	// defaults of the text surface.
	Params wire.Params

	// Progress asks for EventPrefill events.
	Progress bool

	// User is the caller's attested user. What one user computed is never
	// reused for another, so that timing tells nobody what others asked.
	User uint32
}

// EventKind tells the events of an answer apart.
type EventKind uint8

// The kinds of events.
const (
	// EventText carries the next piece of the answer in Text: never empty,
	// always whole UTF-8 characters.
	EventText EventKind = iota + 1
	// EventPrefill says how many of the prompt's tokens are computed.
	EventPrefill
	// EventThinking carries the next piece of what the model thinks before it
	// answers, in Text as with EventText. It is for requests with a Chat.
	EventThinking
	// EventToolUse carries a whole tool call in Call, for requests whose Chat
	// has tools.
	EventToolUse
)

// Event is one step of an answer.
type Event struct {
	Kind EventKind
	Text string // EventText, EventThinking
	// Tokens is how many generated tokens the piece came from; not for
	// EventPrefill.
	Tokens      int
	Call        *ToolCall // EventToolUse
	Done, Total int       // EventPrefill, in tokens
}

// Result is what a finished request reports. Content is not part of it: the
// caller has seen every piece. Stop is of no account beside an error.
//
// Usage.CompletionTokens counts the tokens that were chosen, without the one
// that ends an answer. The Tokens of the events sum up to it where the answer
// stopped by its length, and to it or less elsewhere, since what stands for no
// text, or for withheld text, is in no event.
type Result struct {
	Stop wire.StopReason
	// StopString: Stop is wire.StopEnd because a stop string was met.
	StopString bool
	Usage      wire.Usage
	// Prefill, FirstToken and Decode are measured from the moment Generate
	// was called (FirstToken) or over the stage itself.
	Prefill, FirstToken, Decode time.Duration
	// Seed is the seed that was used, where the backend knows it.
	Seed *uint32
}

// Capabilities says what a backend can do, and for operators on what.
type Capabilities struct {
	Generate bool
	// V2: Generate takes requests with a Chat. The next six are about those.
	V2              bool
	Tools           bool
	Thinking        bool
	Vision, Audio   bool
	AudioSampleRate int // in Hz, where Audio
	// StructuredOutput: ToolChoice and ResponseFormat are enforced.
	StructuredOutput bool
	Embed, Rerank    bool
	// EmbedSize is how many numbers a vector has, and EmbedSizes are those that
	// it may be cut to; none is any.
	EmbedSize  int
	EmbedSizes []int
	// WhyNot says, once the backend was ready, why it does not generate.
	WhyNot string
	// Traits are what the model says of itself.
	Traits Traits
	// Slots is how many requests run at once; 0 means no limit of its own.
	Slots int
	// ContextTokens is the longest prompt plus answer, in tokens; 0 if unknown.
	ContextTokens int
	Model         string
	// Engine names the library and version that runs the model, if any.
	Engine      string
	Accelerator wire.Accelerator
	GPULayers   int
	DeviceName  string
}
