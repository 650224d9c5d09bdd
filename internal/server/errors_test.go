package server

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/wire"
)

func TestCodeOf_MapsEveryErrorToItsCode(t *testing.T) {
	tests := []struct {
		err     error
		code    wire.Code
		message string
	}{
		{&wire.MalformedError{Problem: "not JSON"}, wire.CodeInvalidRequest, "not JSON"},
		{&wire.FieldError{Field: "top_p", Value: "7", Allowed: "0 < p <= 1"}, wire.CodeInvalidRequest, "top_p: 7 is out of range: allowed is 0 < p <= 1"},
		{wire.ErrFrameTooLarge, wire.CodeFrameTooLarge, "frame too large: at most 67108864 bytes are allowed"},
		{queue.ErrFull, wire.CodeQueueFull, "queue full"},
		{queue.ErrClosed, wire.CodeBackendUnavailable, "daemon is draining: it takes no new requests"},
		{ErrShutdown, wire.CodeBackendUnavailable, "daemon is draining: it takes no new requests"},
		{context.Canceled, wire.CodeBackendUnavailable, "daemon is draining: it takes no new requests"},
		{router.ErrNone, wire.CodeBackendUnavailable, "no backend available"},
		{router.ErrNotReady, wire.CodeBackendUnavailable, "backend not ready"},
		{errNoTerminal, wire.CodeBackendUnavailable, "backend ended stream without terminal frame"},
		{&backend.Error{Kind: backend.Unavailable, Message: "worker died", Err: errors.New("signal 9")}, wire.CodeBackendUnavailable, "worker died"},
		{&backend.Error{Kind: backend.Invalid, Message: "prompt has 9 tokens, 8 are allowed"}, wire.CodeInvalidRequest, "prompt has 9 tokens, 8 are allowed"},
		{&backend.Error{Kind: backend.Internal, Message: "index 5 of 4"}, wire.CodeInternal, "internal error"},
		{errPanic, wire.CodeInternal, "internal error"},
		{errors.New("anything else"), wire.CodeInternal, "internal error"},
	}
	for _, test := range tests {
		for _, err := range []error{test.err, fmt.Errorf("wrapped: %w", test.err)} {
			code, message := codeOf(err)
			if code != test.code {
				t.Errorf("codeOf(%v) = %s, want %s", err, code, test.code)
			}
			if err == test.err && message != test.message {
				t.Errorf("codeOf(%v) says %q, want %q", err, message, test.message)
			}
		}
	}
}

func TestReasonOf_QuotesNothingOfTheClient(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&wire.FieldError{Field: "stop[0]", Value: `"secret"`, Allowed: "less"}, "not allowed: stop[0]"},
		{&wire.MalformedError{Field: "messages[0].role", Problem: `"secret" is no role`}, "malformed: messages[0].role"},
		{&wire.MalformedError{Problem: `unexpected "secret"`}, "malformed: frame"},
		{queue.ErrFull, "queue full"},
	}
	for _, test := range tests {
		if got := reasonOf(test.err); got != test.want {
			t.Errorf("reasonOf(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
