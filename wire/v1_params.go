package wire

import "math"

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

// Params are the request's settings with the defaults filled in: see
// Sampling.Params.
func (r *V1Request) Params() Params { return r.sampling().Params() }

// sampling is the part of the request that all generation surfaces share.
func (r *V1Request) sampling() *Sampling {
	return &Sampling{
		Temperature: r.Temperature, TopP: r.TopP, TopK: r.TopK, MinP: r.MinP,
		PresencePenalty: r.PresencePenalty, FrequencyPenalty: r.FrequencyPenalty, RepeatPenalty: r.RepeatPenalty,
		MaxTokens: r.MaxTokens, ImageTokenBudget: r.ImageTokenBudget, Grammar: r.Grammar,
		Seed: r.Seed, Stop: r.Stop, DeadlineMS: r.DeadlineMS,
	}
}

// take sets what sampling returns.
func (r *V1Request) take(s *Sampling) {
	r.Temperature, r.TopP, r.TopK, r.MinP = s.Temperature, s.TopP, s.TopK, s.MinP
	r.PresencePenalty, r.FrequencyPenalty, r.RepeatPenalty = s.PresencePenalty, s.FrequencyPenalty, s.RepeatPenalty
	r.MaxTokens, r.ImageTokenBudget, r.Grammar = s.MaxTokens, s.ImageTokenBudget, s.Grammar
	r.Seed, r.Stop, r.DeadlineMS = s.Seed, s.Stop, s.DeadlineMS
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
