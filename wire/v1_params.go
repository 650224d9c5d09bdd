package wire

import (
	"math"
	"time"
)

// The values that apply where a request names none.
const (
	defaultTemperature   = 1.0
	defaultTopP          = 0.95
	defaultTopK          = 64
	defaultMaxTokens     = 1000
	defaultRepeatPenalty = 1.0
)

// Streaming reports whether the answer comes as token frames before the
// terminal one.
func (r *V1Request) Streaming() bool { return valueOr(r.Stream, true) }

// Params are the request's settings with the defaults filled in. The request
// has passed Validate; integers too large for an int32 become its maximum,
// which is more than any context holds. Stop is shared with the request.
func (r *V1Request) Params() Params {
	p := Params{
		Temperature:      valueOr(r.Temperature, defaultTemperature),
		TopP:             valueOr(r.TopP, defaultTopP),
		TopK:             toInt32(valueOr(r.TopK, defaultTopK)),
		MinP:             valueOr(r.MinP, 0),
		PresencePenalty:  valueOr(r.PresencePenalty, 0),
		FrequencyPenalty: valueOr(r.FrequencyPenalty, 0),
		RepeatPenalty:    valueOr(r.RepeatPenalty, defaultRepeatPenalty),
		MaxTokens:        toInt32(valueOr(r.MaxTokens, defaultMaxTokens)),
		Grammar:          valueOr(r.Grammar, ""),
		Stop:             r.Stop,
	}
	if r.Seed != nil {
		seed := uint32(min(max(*r.Seed, 0), math.MaxUint32))
		p.Seed = &seed
	}
	if r.DeadlineMS != nil {
		const most = int64(math.MaxInt64 / time.Millisecond)
		p.Deadline = time.Duration(min(max(*r.DeadlineMS, 0), most)) * time.Millisecond
	}
	return p
}

// valueOr is *v, or the default where v is nil.
func valueOr[T any](v *T, def T) T {
	if v == nil {
		return def
	}
	return *v
}

// toInt32 is v as an int, at least 0 and at most what 32 bits hold.
func toInt32(v int64) int { return int(min(max(v, 0), math.MaxInt32)) }
