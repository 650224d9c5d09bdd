package loadgen

import "context"

// Target is a server under load.
type Target interface {
	// Connect opens what one client needs to ask one request after the other.
	Connect(ctx context.Context) (Session, error)
}

// Session is one client's way to a server. It is not safe for concurrent use.
type Session interface {
	// Ask sends a request and reads its answer to the end. It calls piece for
	// each piece of text, as soon as it is there.
	Ask(ctx context.Context, r Request, piece func()) (Answer, error)
	Close() error
}

// Request is one question to a model. It is answered greedily: the likeliest
// token each time.
type Request struct {
	Prompt    string
	MaxTokens int
	// FrequencyPenalty keeps an answer from going round in circles, which a
	// server that guesses ahead would be fast at. 0 is none.
	FrequencyPenalty float64
}

// Answer is the server's own account of a request; what it does not say is 0.
type Answer struct {
	PromptTokens     int
	CompletionTokens int
	// CachedTokens are those of the prompt that were not computed again.
	CachedTokens int
	// DraftedTokens were guessed ahead, AcceptedTokens of them held.
	DraftedTokens  int
	AcceptedTokens int
	// PrefillMS is how long the prompt took, in milliseconds.
	PrefillMS float64
}
