package wire

import (
	"fmt"
	"math"
	"slices"
	"strconv"
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
	if err := checkText("id", r.ID); err != nil {
		return err
	}
	if err := r.checkMessages(); err != nil {
		return err
	}
	for _, err := range []*FieldError{
		checkFloat("temperature", r.Temperature, "0 ≤ temperature ≤ 100", func(v float64) bool { return 0 <= v && v <= 100 }),
		checkFloat("top_p", r.TopP, "0 < top_p ≤ 1", func(v float64) bool { return 0 < v && v <= 1 }),
		checkInt("top_k", r.TopK, "top_k ≥ 0", func(v int64) bool { return v >= 0 }),
		checkInt("max_tokens", r.MaxTokens, "max_tokens ≥ 1", func(v int64) bool { return v >= 1 }),
		checkInt("image_token_budget", r.ImageTokenBudget, "one of 70, 140, 280, 560, 1120", knownBudget),
	} {
		if err != nil {
			return err
		}
	}
	if r.Grammar != nil {
		if err := CheckGrammar(*r.Grammar); err != nil {
			return err
		}
	}
	if err := checkInt("seed", r.Seed, "0 ≤ seed ≤ 4294967295", func(v int64) bool { return 0 <= v && v <= math.MaxUint32 }); err != nil {
		return err
	}
	if err := r.checkStops(); err != nil {
		return err
	}
	penalty := func(v float64) bool { return -2 <= v && v <= 2 }
	for _, err := range []*FieldError{
		checkFloat("min_p", r.MinP, "0 ≤ min_p ≤ 1", func(v float64) bool { return 0 <= v && v <= 1 }),
		checkFloat("presence_penalty", r.PresencePenalty, "-2 ≤ presence_penalty ≤ 2", penalty),
		checkFloat("frequency_penalty", r.FrequencyPenalty, "-2 ≤ frequency_penalty ≤ 2", penalty),
		checkFloat("repeat_penalty", r.RepeatPenalty, "0 < repeat_penalty ≤ 2", func(v float64) bool { return 0 < v && v <= 2 }),
		checkInt("deadline_ms", r.DeadlineMS, "deadline_ms ≥ 1", func(v int64) bool { return v >= 1 }),
	} {
		if err != nil {
			return err
		}
	}
	return nil
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

// checkText refuses a string that JSON can't carry.
func checkText(name, s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	return &FieldError{Field: name, Value: quoted(s), Problem: "is not UTF-8", Allowed: "valid UTF-8"}
}

// checkFloat checks an optional number. NaN fulfils no condition.
func checkFloat(name string, v *float64, allowed string, valid func(float64) bool) *FieldError {
	if v == nil || valid(*v) {
		return nil
	}
	return &FieldError{Field: name, Value: strconv.FormatFloat(*v, 'g', -1, 64), Allowed: allowed}
}

// checkInt checks an optional integer.
func checkInt(name string, v *int64, allowed string, valid func(int64) bool) *FieldError {
	if v == nil || valid(*v) {
		return nil
	}
	return &FieldError{Field: name, Value: strconv.FormatInt(*v, 10), Allowed: allowed}
}

func knownBudget(v int64) bool { return slices.Contains(imageTokenBudgets, v) }
