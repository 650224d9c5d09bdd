package wire

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// The bounds of the text surface that are not written where they are used.
const (
	maxStops     = 16
	maxStopBytes = 256
)

// imageTokenBudgets are the sizes that an image can be encoded at.
var imageTokenBudgets = []int64{70, 140, 280, 560, 1120}

// Validate checks what the request asks for, field by field in the order in
// which the protocol lists them. The error is a *FieldError about the first
// problem.
func (r *V1Request) Validate() error {
	return cmp.Or(
		checkText("id", r.ID),
		r.checkMessages(),
		check("temperature", r.Temperature, "0 ≤ temperature ≤ 100", between(0.0, 100)),
		check("top_p", r.TopP, "0 < top_p ≤ 1", above(0.0, 1)),
		check("top_k", r.TopK, "top_k ≥ 0", between[int64](0, math.MaxInt64)),
		check("max_tokens", r.MaxTokens, "max_tokens ≥ 1", between[int64](1, math.MaxInt64)),
		check("image_token_budget", r.ImageTokenBudget, "one of 70, 140, 280, 560, 1120", isImageTokenBudget),
		r.checkGrammar(),
		check("seed", r.Seed, "0 ≤ seed ≤ 4294967295", between[int64](0, math.MaxUint32)),
		r.checkStops(),
		check("min_p", r.MinP, "0 ≤ min_p ≤ 1", between(0.0, 1)),
		check("presence_penalty", r.PresencePenalty, "-2 ≤ presence_penalty ≤ 2", between(-2.0, 2)),
		check("frequency_penalty", r.FrequencyPenalty, "-2 ≤ frequency_penalty ≤ 2", between(-2.0, 2)),
		check("repeat_penalty", r.RepeatPenalty, "0 < repeat_penalty ≤ 2", above(0.0, 2)),
		check("deadline_ms", r.DeadlineMS, "deadline_ms ≥ 1", between[int64](1, math.MaxInt64)),
	)
}

type number interface{ int64 | float64 }

// check checks an optional number.
func check[T number](name string, v *T, allowed string, valid func(T) bool) error {
	if v == nil || valid(*v) {
		return nil
	}
	return &FieldError{Field: name, Value: fmt.Sprint(*v), Allowed: allowed}
}

// between holds for low to high. NaN is in no range.
func between[T number](low, high T) func(T) bool {
	return func(v T) bool { return low <= v && v <= high }
}

// above holds for what is more than low, up to high.
func above[T number](low, high T) func(T) bool {
	return func(v T) bool { return low < v && v <= high }
}

func isImageTokenBudget(v int64) bool { return slices.Contains(imageTokenBudgets, v) }

// checkGrammar checks the grammar, if there is one.
func (r *V1Request) checkGrammar() error {
	if r.Grammar == nil {
		return nil
	}
	return CheckGrammar(*r.Grammar)
}

// checkMessages checks the conversation. A decoded request has known roles
// and whole characters already; one built by a client may not.
func (r *V1Request) checkMessages() error {
	if len(r.Messages) == 0 {
		return &FieldError{Field: "messages", Problem: "is empty", Allowed: "one message or more"}
	}
	for i, m := range r.Messages {
		switch m.Role {
		case RoleSystem, RoleUser, RoleAssistant:
		default:
			return &FieldError{
				Field: fmt.Sprintf("messages[%d].role", i), Value: quoted(m.Role),
				Problem: "is not a role", Allowed: "system, user or assistant",
			}
		}
		if !utf8.ValidString(m.Content) {
			return checkText(fmt.Sprintf("messages[%d].content", i), m.Content)
		}
	}
	return nil
}

// checkStops checks the stop strings.
func (r *V1Request) checkStops() error {
	if len(r.Stop) > maxStops {
		return &FieldError{
			Field: "stop", Value: fmt.Sprintf("more than %d strings", maxStops),
			Problem: "are too many", Allowed: fmt.Sprintf("up to %d strings", maxStops),
		}
	}
	for i, s := range r.Stop {
		name := fmt.Sprintf("stop[%d]", i)
		if len(s) < 1 || len(s) > maxStopBytes {
			return &FieldError{
				Field: name, Value: quoted(s),
				Problem: fmt.Sprintf("is %d bytes long", len(s)), Allowed: fmt.Sprintf("1 to %d bytes", maxStopBytes),
			}
		}
		if err := checkText(name, s); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses a string that JSON can't carry. It does not show the
// string: that may be part of a prompt, which belongs in no log.
func checkText(name, s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	return &FieldError{Field: name, Problem: "is not UTF-8", Allowed: "valid UTF-8"}
}
