package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
)

// newMock makes a backend that answers from the config's script.
func newMock(b config.Backend) backend.Backend {
	var calls []backend.ToolCall
	for i, c := range b.Mock.ToolCalls {
		calls = append(calls, backend.ToolCall{ID: fmt.Sprintf("call_%d", i+1), Name: c.Name, Input: c.Input})
	}
	return mock.New(mock.Config{
		NoGenerate: b.Mock.NoGenerate, Thinking: b.Mock.Thinking, ToolCalls: calls, Structured: b.Mock.Structured,
		Vision: b.Mock.Vision, AudioSampleRate: b.Mock.AudioSampleRate, Dimensions: b.Mock.Dimensions, Rerank: b.Mock.Rerank,
		Name: b.Name, Model: b.Mock.Model,
		Tokens: b.Mock.Tokens, Echo: b.Mock.Echo, Loop: b.Mock.Loop,
		ContextTokens: b.Mock.NCtx, Slots: b.Mock.Slots,
		ReadyDelay: b.Mock.ReadyDelay, FirstDelay: b.Mock.FirstDelay, TokenDelay: b.Mock.TokenDelay,
		FailBefore: b.Mock.FailBefore, FailAfterTokens: b.Mock.FailAfterTokens,
		FailKind: failKinds[b.Mock.FailKind],
	})
}

// failKinds are the kinds of failure by their name in the config.
var failKinds = map[string]backend.Kind{
	backend.Unavailable.String(): backend.Unavailable,
	backend.Invalid.String():     backend.Invalid,
	backend.Internal.String():    backend.Internal,
}

// readyPoll is how often a backend that is not supervised is asked whether it
// is ready, until it is for the first time.
const readyPoll = 10 * time.Millisecond

// awaitReady blocks until b is ready, and reports whether it is.
func awaitReady(ctx context.Context, b backend.Backend) bool {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !b.Ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
