package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
)

// typedRules are about answers with tools, thinking and media.
var typedRules = []rule{
	{section: "3", name: "calls have names of tools and ids of their own, and end the turn", on: typed, run: callsTools},
	{section: "3", name: "without tools there are no calls", on: typed, run: callsNothing},
	{section: "3", name: "calls and their results can be sent back", on: typed, run: replaysCalls},
	{section: "3", name: "calls come whole without stream too", on: typed, run: callsWithheld},
	{section: "3", name: "thinking: false leaves it out", on: typed, run: thinksNot},
	{section: "3", name: "thinking: true is taken or refused", on: typed, run: thinks},
	{section: "3", name: "tool_choice required is met, or done says that it is not", on: typed, run: mustCall},
	{section: "3", name: "tool_choice none keeps calls away", on: typed, run: mustNotCall},
	{section: "3", name: "response_format shapes the answer", on: typed, run: followsSchema},
	{section: "3", name: "audio of the right rate is taken or unsupported", on: typed, run: hears},
}

// weather asks for something that a tool is for.
func weather(change request) request {
	r := request{"messages": []any{user(words("What is the weather in Paris?"))}, "tools": []any{oneTool}, "max_tokens": 60}
	maps.Copy(r, change)
	return r
}

func (p *probe) withTools(change request) (answer, error) {
	return p.optional(weather(change), "invalid_request", "tool_call_malformed")
}

func callsTools(p *probe) (string, error) {
	a, err := p.withTools(nil)
	if err != nil {
		return "", err
	}
	return a.judgeCalls()
}

// toolName is what a tool may be called. A model may call one that there is not.
var toolName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// judgeCalls checks the calls and that the answer ends as it must with them.
func (a *answer) judgeCalls() (string, error) {
	ids := map[string]bool{}
	for _, call := range a.calls {
		if !toolName.MatchString(call.Name) || ids[call.ToolCallID] {
			return "", fmt.Errorf("a call of %q with the id %q", call.Name, call.ToolCallID)
		}
		ids[call.ToolCallID] = true
	}
	reason := a.last().StopReason
	if len(a.calls) > 0 != (reason == "tool_use") && reason != "max_tokens" {
		return "", fmt.Errorf("%d calls, ended with %s", len(a.calls), reason)
	}
	return fmt.Sprintf("%d calls, %s", len(a.calls), reason), nil
}

func callsNothing(p *probe) (string, error) {
	a, err := p.answered(weather(request{"tools": nil}))
	if err != nil {
		return "", err
	}
	if len(a.calls) > 0 || a.last().StopReason == "tool_use" {
		return "", fmt.Errorf("%d calls, ended with %s", len(a.calls), a.last().StopReason)
	}
	return a.String(), nil
}

func replaysCalls(p *probe) (string, error) {
	history := []any{
		user(words("What is the weather in Paris?")), called("call-1"),
		resulted("call-1", words(`{"temperature": 18, "condition": "sunny"}`)),
	}
	a, err := p.withTools(request{"messages": history})
	if err != nil {
		return "", err
	}
	for _, call := range a.calls {
		if call.ToolCallID == "call-1" {
			return "", errors.New("a new call has the id of an old one")
		}
	}
	return a.judgeCalls()
}

func callsWithheld(p *probe) (string, error) {
	streamed, err := p.withTools(nil)
	if err != nil {
		return "", err
	}
	a, err := p.withTools(request{"stream": false})
	if err != nil {
		return "", err
	}
	if len(a.calls) != len(streamed.calls) || a.text != streamed.text || a.count("text") > 1 {
		return "", fmt.Errorf("%d calls and %q, with stream %d calls and %q", len(a.calls), a.text, len(streamed.calls), streamed.text)
	}
	return a.judgeCalls()
}

func thinksNot(p *probe) (string, error) {
	a, err := p.answered(p.long(request{"thinking": false}))
	if err == nil && a.thinking != "" {
		err = fmt.Errorf("it thinks %q", a.thinking)
	}
	if err != nil {
		return "", err
	}
	return a.String(), nil
}

func thinks(p *probe) (string, error) {
	a, err := p.optional(p.long(request{"thinking": true}), "invalid_request")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d pieces of thinking", a.count("thinking")), nil
}

func mustCall(p *probe) (string, error) {
	a, err := p.withTools(request{"tool_choice": "required"})
	if err != nil {
		return "", err
	}
	if len(a.calls) > 0 == a.last().Unmet {
		return "", fmt.Errorf("%d calls, tool_choice_unsatisfied is %t", len(a.calls), a.last().Unmet)
	}
	return a.judgeCalls()
}

func mustNotCall(p *probe) (string, error) {
	a, err := p.withTools(request{"tool_choice": "none"})
	if err == nil && len(a.calls) > 0 {
		err = fmt.Errorf("%d calls", len(a.calls))
	}
	if err != nil {
		return "", err
	}
	return a.String(), nil
}

func followsSchema(p *probe) (string, error) {
	format := request{"type": "json_schema", "schema": request{"type": "object", "properties": request{"yes": request{"type": "boolean"}}, "required": []any{"yes"}}}
	a, err := p.optional(request{"response_format": format, "max_tokens": 60}, "invalid_request")
	if err != nil {
		return "", err
	}
	var got struct{ Yes *bool }
	if err := json.Unmarshal([]byte(a.text), &got); err != nil || got.Yes == nil {
		return "", fmt.Errorf("the answer %q is not what the schema allows", a.text)
	}
	return short([]byte(a.text)), nil
}

// hears tries the rates that there are.
func hears(p *probe) (string, error) {
	var last string
	for _, rate := range []int{16000, 24000, 44100, 48000, 8000} {
		a, err := p.asked(shown([]any{words("What is this?"), reference("audio", "a")}, audio("a", rate, make([]byte, 400))))
		if err != nil {
			return "", err
		}
		refused := a.refused()
		if refused == nil {
			return fmt.Sprintf("taken at %d Hz", rate), nil
		}
		if code := a.last().Code; code != "attachment_unsupported" && code != "invalid_request" {
			return "", refused
		}
		last = refused.Error()
	}
	return "", skipped(last)
}
