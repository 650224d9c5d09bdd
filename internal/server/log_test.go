package server

import (
	"errors"
	"testing"

	"github.com/inferd/inferd/wire"
)

func TestOutcomeOf_NamesTheEnd(t *testing.T) {
	done := &wire.V1Done{StopReason: wire.StopEnd}
	failed := &wire.V1Error{Code: wire.CodeQueueFull}
	for name, c := range map[string]struct {
		cause error
		last  wire.V1Response
		sent  error
		want  string
		code  wire.Code
	}{
		"answered":            {nil, done, nil, "end", ""},
		"refused":             {nil, failed, nil, "error", wire.CodeQueueFull},
		"left before the end": {errClientGone, nil, nil, "client_gone", ""},
		"left at the end":     {nil, done, errors.New("broken pipe"), "client_gone", ""},
		"stopped reading":     {errStalled, nil, nil, "client_stalled", ""},
		"never took the end":  {nil, done, errStalled, "client_stalled", ""},
		"cut by its deadline": {errDeadline, &wire.V1Done{StopReason: wire.StopCancelled}, nil, "cancelled", ""},
	} {
		if got, code := outcomeOf(c.cause, c.last, c.sent); got != c.want || code != c.code {
			t.Errorf("%s: %s %s, want %s %s", name, got, code, c.want, c.code)
		}
	}
}
