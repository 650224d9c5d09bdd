package batch

import (
	"errors"
	"time"

	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/wire"
)

// Token is an entry of the model's vocabulary.
type Token = int32

// Entry is one token of a batch: where it goes, and whether the row of logits
// that follows it is wanted.
type Entry struct {
	Token  Token
	Seq    int32
	Pos    int32
	Logits bool
}

// Status is how a Decode ended, where it did not fail.
type Status int

// The ways in which a Decode can end.
const (
	Decoded Status = iota // all entries are in the cache
	Full                  // the cache has no room; nothing changed
	Aborted               // Abort was called; any part may be in the cache
)

// Model computes batches over numbered sequences. Only Abort may be called
// from other goroutines than the loop's.
type Model interface {
	Decode(entries []Entry) (Status, error)
	// Logits is the row of entry i of the last batch, valid until the next.
	Logits(i int) []float32
	// Remove forgets a sequence's tokens from position from on.
	Remove(seq, from int) bool
	// Save copies a sequence's state; nil if it can't be had.
	Save(seq int) []byte
	// Restore puts a state into an empty sequence; false if it can't.
	Restore(seq int, state []byte) bool
	// Abort makes the running Decode end early while it is on.
	Abort(on bool)
}

// Vocabulary turns tokens into bytes.
type Vocabulary interface {
	// Piece appends the bytes of t, which need not be whole characters.
	Piece(dst []byte, t Token) []byte
	// IsEOG reports whether t ends an answer.
	IsEOG(t Token) bool
}

// Sampler chooses the next token of one request. The loop calls it from its
// own goroutine and closes it once.
type Sampler interface {
	// Sample chooses from a row of logits. at counts the request's tokens
	// so far, prompt included: the draw depends on nothing else, so that a
	// replayed request draws the same.
	Sample(logits []float32, at int) (Token, error)
	Close()
}

// Request is one generation: a prompt in tokens and how to go on from it.
type Request struct {
	ID        uint64
	User      uint32
	Prompt    []Token
	MaxTokens int
	// Parser takes the text apart; nil where all of it is text.
	Parser prompt.Parser
	// Stop are matched in what the answer says: in EventText, not in thoughts
	// and calls, and not across one of these.
	Stop      []string
	Sampler   Sampler
	Progress  bool
	Submitted time.Time
}

// Output takes what the loop produces, from the loop's goroutine. Flush follows
// the first and last part of an answer at once, others soon.
type Output interface {
	// Part takes the next part of an answer: text and thoughts are whole
	// UTF-8 and never empty. tokens is how many generated tokens it came
	// from; of several parts of one token the first has it.
	Part(id uint64, tokens int, e prompt.Event)
	Prefill(id uint64, done, total int)
	End(id uint64, r Result)
	Flush()
}

// Result is how a request ended.
type Result struct {
	Stop wire.StopReason
	// StopString says that a stop string ended the answer, ToolUse that the
	// model ended it and has called tools in it. Both stand beside StopEnd.
	StopString, ToolUse bool
	Usage               wire.Usage
	Prefill             time.Duration // from its slot to the last prompt token
	FirstToken          time.Duration // from Submit
	Decode              time.Duration // from the first token to the last
	Err                 error         // set where the request failed
}

// Config sizes a Loop.
type Config struct {
	Slots   int // requests that run at once
	Context int // tokens that one request may have, prompt and answer
	Batch   int // tokens of one batch
	// Cuts says that the model can forget the end of a sequence and go on
	// from there. Without it a state is used whole or not at all, and
	// nothing is guessed ahead.
	Cuts bool
	// HostBytes is how much host memory saved states may take; 0 keeps none.
	HostBytes int
	// NoDraft turns guessing ahead off.
	NoDraft bool
}

// ErrNoRoom ends a request for which the cache has no room at all.
var ErrNoRoom = errors.New("the engine's cache is full")

// ErrLogits means that the model computed no usable number.
var ErrLogits = errors.New("the model produced no usable logits (not a number)")

// MalformedError ends a request whose model wrote a tool call that can't be
// read. The call is in the last part before the end. It quotes nothing of the
// answer.
type MalformedError struct{ Why string }

func (e *MalformedError) Error() string { return "the model wrote a malformed tool call: " + e.Why }
