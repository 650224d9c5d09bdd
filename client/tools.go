package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferd/inferd/wire"
)

// ToolFunc runs one tool call: it gets the arguments that the model wrote, a
// JSON object which nothing has checked against the tool's schema, and returns
// what the model is told. An error is told the model, too.
type ToolFunc = func(ctx context.Context, input json.RawMessage) (string, error)

// ToolRun is what RunTools did.
type ToolRun struct {
	// Answer is the last answer.
	Answer *Answer
	// Messages are what the conversation grew by: answers with their calls,
	// results, and the last answer.
	Messages []wire.V2Message
	// Turns is how many requests were made.
	Turns int
}

// TurnLimitError says that the model still called tools in the last turn that
// it had.
type TurnLimitError struct{ Turns int }

func (e *TurnLimitError) Error() string {
	return fmt.Sprintf("the model still calls tools after %d turns, which are all that are allowed", e.Turns)
}

// RunTools answers a conversation with tools: it runs the calls of each answer,
// one after another, sends their results, and goes on until an answer has none,
// for at most maxTurns requests. The calls of the last one are not run: it ends
// with a *TurnLimitError.
//
// What a tool fails with is a result like any other, so that the model can do
// better; so is a call of what is no tool of the map. Only the end of ctx ends
// the run. onFrame, if not nil, sees the frames of all answers as they come.
//
// The ToolRun is not nil beside an error: it holds the turns that are whole.
func (c *Client) RunTools(
	ctx context.Context, req *wire.V2Request, tools map[string]ToolFunc, maxTurns int, onFrame func(wire.V2Response),
) (*ToolRun, error) {
	run := &ToolRun{}
	if maxTurns < 1 {
		return run, fmt.Errorf("run tools: %d turns are too few: allowed are 1 or more", maxTurns)
	}
	next := *req
	for {
		next.Messages = slices.Concat(req.Messages, run.Messages)
		answer := &Answer{}
		for frame, err := range c.Chat(ctx, &next) {
			if frame != nil && onFrame != nil {
				onFrame(frame)
			}
			if err != nil {
				return run, err
			}
			answer.Add(frame)
		}
		run.Turns++
		run.Answer = answer
		if len(answer.Calls) > 0 && run.Turns == maxTurns {
			return run, &TurnLimitError{Turns: run.Turns}
		}
		results, err := callTools(ctx, answer.Calls, tools)
		if err != nil {
			return run, err
		}
		if m, ok := answer.Message(); ok {
			run.Messages = append(run.Messages, m)
		}
		if len(results) == 0 {
			return run, nil
		}
		run.Messages = append(run.Messages, wire.V2Message{Role: wire.RoleUser, Content: results})
	}
}

// callTools runs calls in order. The error is that ctx has ended.
func callTools(ctx context.Context, calls []wire.Piece, tools map[string]ToolFunc) ([]wire.Block, error) {
	var results []wire.Block
	for _, call := range calls {
		text, err := callTool(ctx, call, tools)
		if ctx.Err() != nil {
			return nil, stopped(ctx)
		}
		if err != nil {
			text = "error: " + err.Error()
		}
		results = append(results, wire.Block{
			Type: wire.BlockToolResult, ToolCallID: call.ToolCallID,
			Content: []wire.Block{{Type: wire.BlockText, Text: strings.ToValidUTF8(text, "\uFFFD")}},
		})
	}
	return results, nil
}

func callTool(ctx context.Context, call wire.Piece, tools map[string]ToolFunc) (string, error) {
	run := tools[call.Name]
	if run == nil {
		names := slices.Sorted(maps.Keys(tools))
		return "", fmt.Errorf("there is no tool %q: the tools are %s", call.Name, strings.Join(names, ", "))
	}
	return run(ctx, json.RawMessage(call.Input))
}
