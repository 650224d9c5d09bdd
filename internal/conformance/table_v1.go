package conformance

import (
	"fmt"
	"strings"
)

// text sends a payload as it is.
func text(payload string) func(*surface) []byte {
	return func(s *surface) []byte { return s.frame([]byte(payload)) }
}

// malformed are no requests: the server can't tell what was asked.
var malformed = []exchange{
	{section: "1", name: "what is not JSON", on: every, raw: text("hello"), noID: true, after: closed},
	{section: "1", name: "JSON that is cut off", on: every, raw: text(`{"id":"x","messages":[`), noID: true, after: closed},
	{section: "1", name: "two values in a frame", on: every, raw: text(`{} {}`), noID: true, after: closed},
	{section: "1", name: "an array in the place of a request", on: every, raw: text(`[]`), noID: true, after: closed},
	{section: "1", name: "a string in the place of a request", on: every, raw: text(`"hello"`), noID: true, after: closed},
	{section: "1", name: "null in the place of a request", on: every, raw: text(`null`), noID: true, after: closed},
	{section: "1", name: "bytes that are not UTF-8", on: lines, raw: text("{\"id\":\"\xff\"}"), noID: true, after: closed},
	{section: "1", name: "an id of the wrong type", on: every, change: request{"id": 7}, noID: true, after: closed},
	{section: "1", name: "messages of the wrong type", on: generation, change: request{"messages": "hello"}, noID: true, after: closed, says: "messages"},
	{section: "1", name: "no messages", on: generation, change: request{"messages": nil}, noID: true, after: closed, says: "messages"},
	{section: "1", name: "a message without role", on: generation, change: request{"messages": []any{request{"content": "x"}}}, noID: true, after: closed},
	{section: "1", name: "a message without content", on: generation, change: request{"messages": []any{request{"role": "user"}}}, noID: true, after: closed},
	{section: "1", name: "an unknown role", on: v1, change: request{"messages": []any{message("tool", "x")}}, noID: true, after: closed, says: "role"},
	{section: "1", name: "an unknown role", on: typed, change: request{"messages": []any{message("tool", []any{words("x")})}}, noID: true, after: closed, says: "role"},
	{section: "1", name: "a setting of the wrong type", on: generation, change: request{"temperature": "hot"}, noID: true, after: closed, says: "temperature"},
	{section: "1", name: "a fraction for an integer", on: generation, change: request{"max_tokens": 1.5}, noID: true, after: closed, says: "max_tokens"},
	{section: "1", name: "unknown fields are ignored", on: every, change: request{"unknown": request{"id": []any{1, nil, request{}}}}, codes: []string{""}},
	{section: "1", name: "unknown fields in a message are ignored", on: v1, codes: []string{""},
		change: request{"messages": []any{request{"role": "user", "content": "hello", "name": 7}}}},
	{section: "1", name: "unknown fields in messages and blocks are ignored", on: typed, codes: []string{""},
		change: request{"messages": []any{request{"role": "user", "name": 7, "content": []any{request{"type": "text", "text": "hello", "cache": request{}}}}}}},
	{section: "2", name: "no message at all", on: generation, change: request{"messages": []any{}}, says: "messages"},
	{section: "2", name: "content may be empty", on: v1, change: request{"messages": []any{message("system", ""), message("user", "")}}, codes: []string{""}},
	{section: "2", name: "a prompt longer than any context", on: generation, large: true, raw: func(s *surface) []byte {
		return s.encode(s.request("x", request{"messages": s.says(strings.Repeat("fox ", 1<<20)), "max_tokens": 1}))
	}, codes: []string{"invalid_request", ""}},
}

// settingBounds are values just outside of what is allowed, and inside.
var settingBounds = []struct {
	field   string
	out, in []any
}{
	{"temperature", []any{-0.1, 100.5}, []any{0, 100}},
	{"top_p", []any{0, 1.1, -1}, []any{0.1, 1}},
	{"top_k", []any{-1}, []any{0, 1, 1 << 40}},
	{"max_tokens", []any{0, -1}, []any{1}},
	{"seed", []any{-1, 1 << 32}, []any{0, 1<<32 - 1}},
	{"min_p", []any{-0.1, 1.1}, []any{0, 1}},
	{"presence_penalty", []any{-2.1, 2.1}, []any{-2, 2}},
	{"frequency_penalty", []any{-2.1, 2.1}, []any{-2, 2}},
	{"repeat_penalty", []any{0, 2.1}, []any{0.1, 2}},
	{"deadline_ms", []any{0, -5}, []any{1, 1 << 40}},
	{"stop", []any{[]string{""}, "", strings.Repeat("x", 257), strings.Split(strings.Repeat("x,", 17), ",")[:17]},
		[]any{"zq", []string{"zq", strings.Repeat("z", 256)}, []string{}}},
	{"grammar", []any{"root ::= missing", "other ::= \"x\"", "root ::= [", `root ::= "x" #` + strings.Repeat("x", 64<<10), manyAlternations}, nil},
}

// manyAlternations is a grammar with one more of them than is allowed.
var manyAlternations = "root ::= " + strings.Repeat(`"a"|`, 4097) + `"a"`

// settingExchanges are settingBounds as exchanges.
func settingExchanges() []exchange {
	var list []exchange
	for _, b := range settingBounds {
		for _, v := range b.out {
			list = append(list, exchange{
				section: "2", name: fmt.Sprintf("%s: %s is refused", b.field, value(v)), on: generation,
				change: request{b.field: v}, says: b.field,
			})
		}
		for _, v := range b.in {
			list = append(list, exchange{
				section: "2", name: fmt.Sprintf("%s: %s is allowed", b.field, value(v)), on: generation,
				change: request{b.field: v}, codes: []string{""},
			})
		}
	}
	return list
}

// value is v for the name of a rule.
func value(v any) string {
	const most = 24
	b := encoded(v)
	if len(b) > most {
		return fmt.Sprintf("%s… (%d bytes)", b[:most], len(b))
	}
	return string(b)
}
