package wire

import (
	"cmp"
	"fmt"
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
		r.sampling().validate(),
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
