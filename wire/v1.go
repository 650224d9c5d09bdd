package wire

import "time"

// Role says who wrote a message.
type Role string

// The roles of the text surface.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is one turn of a conversation.
type Message struct {
	Role    Role   `json:"role"`
	Content string `json:"content"`
}

// V1Request asks for an answer on the text surface. A nil pointer is a field
// that was not sent: the daemon's default applies.
type V1Request struct {
	ID               string
	Messages         []Message
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	MinP             *float64
	PresencePenalty  *float64
	FrequencyPenalty *float64
	RepeatPenalty    *float64
	MaxTokens        *int64
	Stream           *bool
	ImageTokenBudget *int64
	Grammar          *string
	Seed             *int64
	// Stop is cut by DecodeV1Request to one string more than is allowed.
	Stop       []string
	DeadlineMS *int64
	Progress   bool
}

// Params are the settings of one generation with the defaults filled in.
type Params struct {
	// Temperature 0 means greedy.
	Temperature float64
	TopP        float64 // 1 is off
	TopK        int     // 0 is off
	MinP        float64 // 0 is off
	// PresencePenalty and FrequencyPenalty are off at 0, RepeatPenalty at 1.
	PresencePenalty  float64
	FrequencyPenalty float64
	RepeatPenalty    float64
	MaxTokens        int
	Grammar          string // empty is none
	Stop             []string
	Seed             *uint32       // nil: the daemon draws one
	Deadline         time.Duration // from receipt; 0 is none
}

// Usage counts a request's tokens.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	// CachedTokens is the part of PromptTokens that was not computed again.
	CachedTokens int `json:"cached_tokens"`
	// CacheMiss says why the rest of the prompt was computed: "first_seen",
	// "evicted", "diverged_at:N" after N cached tokens, or "not_cacheable".
	// Empty where all of it was cached, or the backend has no cache.
	CacheMiss string `json:"cache_miss,omitempty"`
	// DraftedTokens were guessed ahead of the model, and AcceptedTokens of
	// them held. Guessing changes the speed of an answer and nothing else.
	DraftedTokens  int `json:"drafted_tokens,omitempty"`
	AcceptedTokens int `json:"accepted_tokens,omitempty"`
}

// Timings says where a request's time went, in milliseconds.
type Timings struct {
	QueueMS      float64 `json:"queue_ms"`
	PrefillMS    float64 `json:"prefill_ms"`
	FirstTokenMS float64 `json:"first_token_ms"`
	DecodeMS     float64 `json:"decode_ms"`
}

// V1Response is a frame from the daemon on the text surface: *V1Token,
// *V1Done, *V1Error or *V1Status.
type V1Response interface {
	// RequestID is the id of the request that the frame belongs to.
	RequestID() string
	// Terminal reports whether the frame ends its request.
	Terminal() bool
	// Append writes the frame, newline included, to dst.
	Append(dst []byte) []byte
}

// V1Token is the next piece of an answer's text: always whole UTF-8.
type V1Token struct {
	ID      string
	Content string
}

// V1Done ends a request that was answered.
type V1Done struct {
	ID         string
	Content    string // all the text
	Usage      Usage
	StopReason StopReason
	Backend    string // for diagnosis only
	Timings    *Timings
	Seed       *uint32
}

// V1Error ends a request that was not.
type V1Error struct {
	ID      string
	Code    Code
	Message string
}

// V1Status tells a request that asked for progress where it is.
type V1Status struct {
	ID       string
	Status   string // "queued" or "prefill"
	Position int    // queued: 1 is next
	Done     int    // prefill: tokens computed
	Total    int    // prefill: tokens in all
}
