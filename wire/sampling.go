package wire

import (
	"cmp"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Sampling is how a request wants its answer to be drawn, as it was sent. A
// nil pointer is a field that was not.
type Sampling struct {
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	MinP             *float64
	PresencePenalty  *float64
	FrequencyPenalty *float64
	RepeatPenalty    *float64
	MaxTokens        *int64
	ImageTokenBudget *int64
	Grammar          *string
	Seed             *int64
	// Stop is cut by decoding to one string more than is allowed.
	Stop       []string
	DeadlineMS *int64
}

// fields are the settings of a request and where they go.
func (s *Sampling) fields() []field {
	return []field{
		{"temperature", &s.Temperature},
		{"top_p", &s.TopP},
		{"top_k", &s.TopK},
		{"max_tokens", &s.MaxTokens},
		{"image_token_budget", &s.ImageTokenBudget},
		{"grammar", &s.Grammar},
		{"seed", &s.Seed},
		{"stop", func(in *scanner) (err error) { s.Stop, err = in.stops(); return err }},
		{"min_p", &s.MinP},
		{"presence_penalty", &s.PresencePenalty},
		{"frequency_penalty", &s.FrequencyPenalty},
		{"repeat_penalty", &s.RepeatPenalty},
		{"deadline_ms", &s.DeadlineMS},
	}
}

// append writes the settings that are set, with stream in its place.
func (s *Sampling) append(o *object, stream *bool) {
	o.setting("temperature", s.Temperature)
	o.setting("top_p", s.TopP)
	o.integer("top_k", s.TopK)
	o.integer("max_tokens", s.MaxTokens)
	if stream != nil {
		o.bool("stream", *stream)
	}
	o.integer("image_token_budget", s.ImageTokenBudget)
	if s.Grammar != nil {
		o.text("grammar", *s.Grammar)
	}
	o.integer("seed", s.Seed)
	if len(s.Stop) > 0 {
		o.texts("stop", s.Stop)
	}
	o.setting("min_p", s.MinP)
	o.setting("presence_penalty", s.PresencePenalty)
	o.setting("frequency_penalty", s.FrequencyPenalty)
	o.setting("repeat_penalty", s.RepeatPenalty)
	o.integer("deadline_ms", s.DeadlineMS)
}

// validate checks the settings in the order in which the protocol lists them.
func (s *Sampling) validate() error {
	return cmp.Or(
		check("temperature", s.Temperature, "0 ≤ temperature ≤ 100", between(0.0, 100)),
		check("top_p", s.TopP, "0 < top_p ≤ 1", above(0.0, 1)),
		check("top_k", s.TopK, "top_k ≥ 0", between[int64](0, math.MaxInt64)),
		check("max_tokens", s.MaxTokens, "max_tokens ≥ 1", between[int64](1, math.MaxInt64)),
		check("image_token_budget", s.ImageTokenBudget, "one of 70, 140, 280, 560, 1120", isImageTokenBudget),
		s.checkGrammar(),
		check("seed", s.Seed, "0 ≤ seed ≤ 4294967295", between[int64](0, math.MaxUint32)),
		s.checkStops(),
		check("min_p", s.MinP, "0 ≤ min_p ≤ 1", between(0.0, 1)),
		check("presence_penalty", s.PresencePenalty, "-2 ≤ presence_penalty ≤ 2", between(-2.0, 2)),
		check("frequency_penalty", s.FrequencyPenalty, "-2 ≤ frequency_penalty ≤ 2", between(-2.0, 2)),
		check("repeat_penalty", s.RepeatPenalty, "0 < repeat_penalty ≤ 2", above(0.0, 2)),
		check("deadline_ms", s.DeadlineMS, "deadline_ms ≥ 1", between[int64](1, math.MaxInt64)),
	)
}

// checkGrammar checks the grammar, if there is one.
func (s *Sampling) checkGrammar() error {
	if s.Grammar == nil {
		return nil
	}
	return CheckGrammar(*s.Grammar)
}

// checkStops checks the stop strings.
func (s *Sampling) checkStops() error {
	if len(s.Stop) > maxStops {
		return &FieldError{
			Field: "stop", Value: fmt.Sprintf("more than %d strings", maxStops),
			Problem: "are too many", Allowed: fmt.Sprintf("up to %d strings", maxStops),
		}
	}
	for i, text := range s.Stop {
		name := fmt.Sprintf("stop[%d]", i)
		if len(text) < 1 || len(text) > maxStopBytes {
			return &FieldError{
				Field: name, Value: quoted(text),
				Problem: fmt.Sprintf("is %d bytes long", len(text)), Allowed: fmt.Sprintf("1 to %d bytes", maxStopBytes),
			}
		}
		if err := checkText(name, text); err != nil {
			return err
		}
	}
	return nil
}

// Params are the settings with the defaults filled in. The request has passed
// Validate; integers too large for an int32 become its maximum, which is more
// than any context holds. Stop is shared with the request.
func (s *Sampling) Params() Params {
	p := Params{
		Temperature:      valueOr(s.Temperature, defaultTemperature),
		TopP:             valueOr(s.TopP, defaultTopP),
		TopK:             toInt32(valueOr(s.TopK, defaultTopK)),
		MinP:             valueOr(s.MinP, 0),
		PresencePenalty:  valueOr(s.PresencePenalty, 0),
		FrequencyPenalty: valueOr(s.FrequencyPenalty, 0),
		RepeatPenalty:    valueOr(s.RepeatPenalty, defaultRepeatPenalty),
		MaxTokens:        toInt32(valueOr(s.MaxTokens, defaultMaxTokens)),
		Grammar:          valueOr(s.Grammar, ""),
		Stop:             s.Stop,
	}
	if s.Seed != nil {
		seed := uint32(min(max(*s.Seed, 0), math.MaxUint32))
		p.Seed = &seed
	}
	if s.DeadlineMS != nil {
		const most = int64(math.MaxInt64 / time.Millisecond)
		p.Deadline = time.Duration(min(max(*s.DeadlineMS, 0), most)) * time.Millisecond
	}
	return p
}

// checkText refuses a string that JSON can't carry. It does not show the
// string: that may be part of a prompt, which belongs in no log.
func checkText(name, s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	return &FieldError{Field: name, Problem: "is not UTF-8", Allowed: "valid UTF-8"}
}
