package backendtest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// call is one Generate under way, in a goroutine of its own.
type call struct {
	*recorder
	suite   *suite
	request *backend.Request
	done    chan struct{}

	// The rest is set when done is closed.
	result  backend.Result
	err     error
	elapsed time.Duration
}

// start begins a call. then, if not nil, runs at the end of every emit, with
// its events recorded, and its error is what emit returns.
func (s *suite) start(ctx context.Context, req *backend.Request, then func(*recorder) error) *call {
	c := &call{
		recorder: &recorder{TB: s.TB, progress: req.Progress, chat: req.Chat, then: then},
		suite:    s, request: req, done: make(chan struct{}),
	}
	go func() {
		defer close(c.done)
		begin := time.Now()
		c.result, c.err = s.Backend.Generate(ctx, req, c.emit)
		c.elapsed = time.Since(begin)
		c.forbid("Generate had returned")
	}()
	return c
}

// wait waits for the call to return and checks what holds for every call.
func (c *call) wait() *call {
	c.Helper()
	select {
	case <-c.done:
	case <-time.After(c.suite.patience):
		c.Fatalf("Generate has not returned after %v", c.suite.patience)
	}
	c.checkError()
	c.checkResult()
	return c
}

// generate is start and wait.
func (s *suite) generate(ctx context.Context, req *backend.Request, then func(*recorder) error) *call {
	s.Helper()
	return s.start(ctx, req, then).wait()
}

// succeed is a call that must end by itself.
func (s *suite) succeed(req *backend.Request) *call {
	s.Helper()
	return s.generate(s.Context(), req, nil).expectStop(wire.StopEnd, wire.StopLength)
}

func (c *call) checkError() {
	c.Helper()
	if c.err == nil || c.failure != nil && errors.Is(c.err, c.failure) {
		return
	}
	failure, ok := errors.AsType[*backend.Error](c.err)
	if !ok {
		c.Errorf("the error is a %T, want a *backend.Error: %v", c.err, c.err)
		return
	}
	switch failure.Kind {
	case backend.Unavailable, backend.Invalid, backend.Internal:
	default:
		c.Errorf("the error's kind is %v", failure.Kind)
	}
	if failure.Message == "" {
		c.Errorf("the error has no message for the caller: %v", c.err)
	}
}

func (c *call) checkResult() {
	c.Helper()
	u := c.result.Usage
	if u.PromptTokens < 0 || u.CachedTokens < 0 || u.CachedTokens > u.PromptTokens {
		c.Errorf("usage %+v does not add up", u)
	}
	if u.CompletionTokens < c.tokens {
		c.Errorf("usage counts %d tokens, the events %d", u.CompletionTokens, c.tokens)
	}
	if u.CompletionTokens > c.request.Params.MaxTokens {
		c.Errorf("generated %d tokens, allowed were %d", u.CompletionTokens, c.request.Params.MaxTokens)
	}
	for name, d := range map[string]time.Duration{
		"Prefill": c.result.Prefill, "FirstToken": c.result.FirstToken, "Decode": c.result.Decode,
	} {
		if d < 0 || d > c.elapsed {
			c.Errorf("%s is %v of a call that took %v", name, d, c.elapsed)
		}
	}
	if c.err == nil {
		c.checkTokens()
	}
}

// checkTokens compares the events' tokens with the usage, where no token may
// be missing: the text of a cancelled answer or of a matched stop string was
// generated but not emitted, and the token that ends a turn has no text.
func (c *call) checkTokens() {
	c.Helper()
	if len(c.request.Params.Stop) > 0 {
		return
	}
	missing := c.result.Usage.CompletionTokens - c.tokens
	if c.result.Stop == wire.StopLength && missing != 0 || c.result.Stop == wire.StopEnd && missing > 1 {
		c.Errorf("the events carry %d tokens, the usage %d, at stop %q",
			c.tokens, c.result.Usage.CompletionTokens, c.result.Stop)
	}
}

// expectStop checks that the call ended without an error and with one of these.
func (c *call) expectStop(stops ...wire.StopReason) *call {
	c.Helper()
	if c.err != nil {
		c.Fatalf("generate: %v, want stop %q and no error", c.err, stops)
	}
	if slices.Contains(stops, c.result.Stop) {
		return c
	}
	c.Fatalf("stop is %q, want %q", c.result.Stop, stops)
	return c
}
