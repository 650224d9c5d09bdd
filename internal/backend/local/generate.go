package local

import (
	"context"
	"errors"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// Generate implements backend.Backend.
func (b *Backend) Generate(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	if ctx.Err() != nil {
		return backend.Result{Stop: wire.StopCancelled}, nil
	}
	g := proto.Generate{User: req.User, Messages: req.Messages, Params: req.Params, Progress: req.Progress}
	if req.Chat != nil {
		content, err := conversation(req.Chat)
		if err != nil {
			return backend.Result{}, err
		}
		g.Content = content
	}
	var a translator
	end, err := b.engine.Generate(ctx, g, func(in []proto.Event) error {
		if events := a.take(in); len(events) > 0 {
			return emit(events)
		}
		return nil
	})
	r := backend.Result{
		Stop: end.Stop, StopString: end.StopString, Usage: end.Usage,
		Prefill: end.Prefill, FirstToken: end.FirstToken, Decode: end.Decode,
	}
	if end.Usage.PromptTokens > 0 {
		r.Seed = &end.Seed
	}
	switch {
	case ctx.Err() != nil:
		r.Stop = wire.StopCancelled
		return r, nil
	case errors.Is(err, engine.ErrDown):
		return r, down(err)
	case err != nil:
		return r, err // emit's
	}
	return r, a.failure(&end)
}

// down is what an ErrDown of the engine is to a caller: a request that no
// worker has seen waits for the next one.
func down(err error) error {
	if errors.Is(err, engine.ErrNone) {
		return &backend.Error{Kind: backend.Unavailable, Message: wire.MsgBackendNotReady, Err: backend.ErrNotBegun}
	}
	return &backend.Error{Kind: backend.Unavailable, Message: engine.ErrDown.Error(), Err: err}
}

// translator turns the worker's events into the contract's.
type translator struct {
	events    []backend.Event // reused
	malformed string          // a call that can't be read, as the model wrote it
}

// take is what emit is shown of the worker's events. Its texts are copies:
// those of the worker are valid during the call only.
func (a *translator) take(in []proto.Event) []backend.Event {
	a.events = a.events[:0]
	for _, e := range in {
		switch e.Kind {
		case proto.EventPrefill:
			a.events = append(a.events, backend.Event{Kind: backend.EventPrefill, Done: e.Done, Total: e.Total})
		case proto.EventText:
			a.events = append(a.events, backend.Event{Kind: backend.EventText, Text: string(e.Text), Tokens: e.Tokens})
		case proto.EventThinking:
			a.events = append(a.events, backend.Event{Kind: backend.EventThinking, Text: string(e.Text), Tokens: e.Tokens})
		case proto.EventToolUse:
			call := &backend.ToolCall{ID: e.Call.ID, Name: e.Call.Name, Input: e.Call.Input}
			a.events = append(a.events, backend.Event{Kind: backend.EventToolUse, Call: call, Tokens: e.Tokens})
		case proto.EventMalformed:
			a.malformed = string(e.Text)
		}
	}
	return a.events
}

// failure is the error with which the worker has ended the request, if any.
func (a *translator) failure(end *proto.End) error {
	switch {
	case end.Error == "":
		return nil
	case end.Malformed:
		return &backend.Error{Kind: backend.Invalid, Code: wire.CodeToolCallMalformed, Message: end.Error, Quote: a.malformed}
	case end.Invalid:
		return &backend.Error{Kind: backend.Invalid, Message: end.Error}
	}
	return &backend.Error{Kind: backend.Unavailable, Message: end.Error}
}
