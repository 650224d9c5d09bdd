package server_test

import (
	"context"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// A client that reads tool_use runs the calls and comes back: so it is said of
// every answer that made one and ended by itself, whatever came after the call,
// and of no answer that was cut.
func TestTyped_ToolUseIsSaidOfAnswersThatAreComplete(t *testing.T) {
	call := []backend.Event{{Kind: backend.EventToolUse, Call: &backend.ToolCall{ID: "c", Name: "look", Input: []byte("{}")}}}
	for want, result := range map[wire.StopReason]backend.Result{
		wire.StopToolUse:   {Stop: wire.StopEnd},
		wire.StopSequence:  {Stop: wire.StopEnd, StopString: true},
		wire.StopMaxTokens: {Stop: wire.StopLength},
	} {
		h := startWith(t, options{limits: queue.Limits{Active: 1}, backends: []backend.Backend{&scripted{
			able: func(c *backend.Capabilities) { c.V2, c.Tools = true, true },
			generate: func(_ context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
				if err := emit(call); err != nil {
					return backend.Result{}, err
				}
				return result, emit(text("and more"))
			},
		}}})
		c := h.typed(transport.V2)
		c.ask(hello2("r", func(r *wire.V2Request) { r.Tools = oneTool }))
		frames := c.all()
		if d, ok := frames[len(frames)-1].(*wire.V2Done); !ok || d.StopReason != want {
			t.Errorf("%+v is told as %+v, want %s", result, frames[len(frames)-1], want)
		}
	}
}
