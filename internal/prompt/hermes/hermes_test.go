package hermes

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/prompt"
)

func said(s string) prompt.Event { return prompt.Event{Kind: prompt.EventText, Text: s} }
func thought(s string) prompt.Event {
	return prompt.Event{Kind: prompt.EventThinking, Text: s}
}
func called(id, name, input string) prompt.Event {
	return prompt.Event{Kind: prompt.EventToolUse, ID: id, Name: name, Input: []byte(input)}
}
func broken(raw string, why error) prompt.Event {
	return prompt.Event{Kind: prompt.EventMalformed, Text: raw, Why: why.Error()}
}

// parse feeds the pieces to a new parser.
func parse(o Options, pieces ...string) []prompt.Event {
	p := New(o)
	var out []prompt.Event
	for _, s := range pieces {
		out = p.Feed(out, s)
	}
	return merged(p.End(out))
}

var answers = []struct {
	name, in string
	o        Options
	want     []prompt.Event
}{
	{"text", "Hello!", Options{}, []prompt.Event{said("Hello!")}},
	{"nothing", "", Options{}, nil},
	{"text keeps its white space", " \n\nHi\n ", Options{}, []prompt.Event{said(" \n\nHi\n ")}},
	{"a thought as the family writes it", "<think>\nI must add.\n\nYes.\n</think>\n\n7 plus 8 is 15.", Options{},
		[]prompt.Event{thought("I must add.\n\nYes."), said("7 plus 8 is 15.")}},
	{"a thought in one line", "<think>hm</think>ok", Options{}, []prompt.Event{thought("hm"), said("ok")}},
	{"an empty thought", "<think>\n\n</think>\n\nok", Options{}, []prompt.Event{said("ok")}},
	{"the prompt has opened the thought", "hm\n</think>\n\nok", Options{Thinking: true}, []prompt.Event{thought("hm"), said("ok")}},
	{"a thought that never ends", "<think>\nhm", Options{}, []prompt.Event{thought("hm")}},
	{"a thought that ends in the beginning of a marker", "<think>hm\n</thin", Options{}, []prompt.Event{thought("hm\n</thin")}},
	{"a marker in the middle of a line is text", "Use <think> tags.", Options{}, []prompt.Event{said("Use <think> tags.")}},
	{"a second thought on a line of its own", "One.\n<think>\nhm\n</think>\nTwo.", Options{},
		[]prompt.Event{said("One."), thought("hm"), said("Two.")}},
	{"thoughts after one another", "<think>a</think>\n<think>b</think>c", Options{}, []prompt.Event{thought("ab"), said("c")}},
	{"the end of no thought is text", "a</think>b", Options{}, []prompt.Event{said("a</think>b")}},
	{"a call in a thought is thought", "<think><tool_call>{}</tool_call></think>x", Options{},
		[]prompt.Event{thought("<tool_call>{}</tool_call>"), said("x")}},
	{"a call as the family writes it", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>", Options{},
		[]prompt.Event{called("call_1", "get_weather", `{"city":"Paris"}`)}},
	{"two calls and text before", "Let me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n<tool_call>\n{\"name\":\"g\"}\n</tool_call>\n", Options{},
		[]prompt.Event{said("Let me see."), called("call_1", "f", `{"a":1}`), called("call_2", "g", `{}`)}},
	{"text after a call", "<tool_call>{\"name\":\"f\"}</tool_call>\n\nDone.", Options{}, []prompt.Event{called("call_1", "f", `{}`), said("Done.")}},
	{"a thought after a call", "<tool_call>{\"name\":\"f\"}</tool_call>\n<think>x</think>y", Options{},
		[]prompt.Event{called("call_1", "f", `{}`), thought("x"), said("y")}},
	{"a thought, then a call", "<think>\nx\n</think>\n\n<tool_call>{\"name\":\"f\"}</tool_call>", Options{},
		[]prompt.Event{thought("x"), called("call_1", "f", `{}`)}},
	{"one line break belongs to the call", "a\n\n<tool_call>{\"name\":\"f\"}</tool_call>", Options{},
		[]prompt.Event{said("a\n"), called("call_1", "f", `{}`)}},
	{"ids that are taken are left out", "<tool_call>{\"name\":\"f\"}</tool_call><tool_call>{\"name\":\"f\"}</tool_call>",
		Options{Taken: map[string]bool{"call_1": true, "call_3": true}},
		[]prompt.Event{called("call_2", "f", `{}`), called("call_4", "f", `{}`)}},
	{"no word is garbled", "<tool_call>{\"name\":\"f\",\"arguments\":{\"stadt\":\"Zürich\",\"日\":\"\\u00e9\\ud83d\\ude00 <b>&\",\"n\":1.50}}</tool_call>", Options{},
		[]prompt.Event{called("call_1", "f", `{"stadt":"Zürich","日":"é😀 <b>&","n":1.50}`)}},
	{"the marker in a string", `<tool_call>{"name":"f","arguments":{"k":"\"</tool_call>"}}</tool_call>`, Options{},
		[]prompt.Event{called("call_1", "f", `{"k":"\"</tool_call>"}`)}},
	{"null is no arguments", `<tool_call>{"name":"f","arguments":null,"id":7}</tool_call>`, Options{}, []prompt.Event{called("call_1", "f", `{}`)}},
	{"the last of equal members", `<tool_call>{"name":"a","name":"b","arguments":{"x":1,"y":2,"x":3}}</tool_call>`, Options{},
		[]prompt.Event{called("call_1", "b", `{"x":3,"y":2}`)}},
	{"not JSON", "<tool_call>\nget_weather(Paris)\n</tool_call>ok", Options{}, []prompt.Event{broken("\nget_weather(Paris)\n", errJSON), said("ok")}},
	{"JSON and more", `<tool_call>{"name":"f"} and so on</tool_call>`, Options{}, []prompt.Event{broken(`{"name":"f"} and so on`, errJSON)}},
	{"a list", `<tool_call>[{"name":"f"}]</tool_call>`, Options{}, []prompt.Event{broken(`[{"name":"f"}]`, errShape)}},
	{"no name", `<tool_call>{"Name":"f","arguments":{}}</tool_call>`, Options{}, []prompt.Event{broken(`{"Name":"f","arguments":{}}`, errName)}},
	{"a name that is none", `<tool_call>{"name":"a b"}</tool_call>`, Options{}, []prompt.Event{broken(`{"name":"a b"}`, errName)}},
	{"a name that is a number", `<tool_call>{"name":7}</tool_call>`, Options{}, []prompt.Event{broken(`{"name":7}`, errName)}},
	{"a name too long", `<tool_call>{"name":"` + strings.Repeat("n", 65) + `"}</tool_call>`, Options{},
		[]prompt.Event{broken(`{"name":"`+strings.Repeat("n", 65)+`"}`, errName)}},
	{"arguments in a string", `<tool_call>{"name":"f","arguments":"{}"}</tool_call>`, Options{}, []prompt.Event{broken(`{"name":"f","arguments":"{}"}`, errInput)}},
	{"never closed", "a\n<tool_call>\n{\"name\": \"f\"}\n</tool_cal", Options{}, []prompt.Event{said("a"), broken("\n{\"name\": \"f\"}\n</tool_cal", errOpen)}},
	{"a string never closed", "<tool_call>\n{\"name\": \"f}\n</tool_call>x", Options{}, []prompt.Event{broken("\n{\"name\": \"f}\n", errJSON), said("x")}},
	{"a quote that is escaped", `<tool_call>"\"</tool_call>`, Options{}, []prompt.Event{broken(`"\"</tool_call>`, errOpen)}},
	{"a call in a call", "<tool_call><tool_call>{}</tool_call>", Options{}, []prompt.Event{broken("<tool_call>{}", errJSON)}},
	{"the beginning of a marker at the end", "a <tool_ca", Options{}, []prompt.Event{said("a <tool_ca")}},
	{"text only: a call is text", "a\n<tool_call>\n{\"name\": \"f\"}\n</tool_call>", Options{DropThinking: true, CallsAsText: true},
		[]prompt.Event{said("a\n<tool_call>\n{\"name\": \"f\"}\n</tool_call>")}},
	{"text only: no thoughts", "<think>\nhm\n</think>\n\nok\n<think>\nhm\n</think>\n!", Options{DropThinking: true, CallsAsText: true}, []prompt.Event{said("ok!")}},
	{"text only: a thought that the prompt has opened", "hm</think>ok", Options{DropThinking: true, CallsAsText: true, Thinking: true}, []prompt.Event{said("ok")}},
}

func TestParser_TakesAnswersApart(t *testing.T) {
	for _, a := range answers {
		if d := cmp.Diff(a.want, parse(a.o, a.in)); d != "" {
			t.Errorf("%s (-want +got):\n%s", a.name, d)
		}
		if d := cmp.Diff(a.want, reference(a.o, a.in)); d != "" {
			t.Errorf("%s: the reference errs (-want +got):\n%s", a.name, d)
		}
	}
}

// Each answer cut once at every place, and into single bytes.
func TestParser_EverySplitOfEveryMarker(t *testing.T) {
	for _, a := range answers {
		for i := range a.in {
			if d := cmp.Diff(a.want, parse(a.o, a.in[:i], a.in[i:])); d != "" {
				t.Errorf("%s, cut at %d:\n%s", a.name, i, d)
			}
		}
		if d := cmp.Diff(a.want, parse(a.o, strings.Split(a.in, "")...)); d != "" {
			t.Errorf("%s, character by character:\n%s", a.name, d)
		}
	}
}

// soup is text in which markers, their beginnings and pieces of calls abound.
func soup() *rapid.Generator[string] {
	parts := []string{"<think>", "</think>", "<tool_call>", "</tool_call>", "\n", "\n\n", " ", "<", "</", "<t", "a", "é", "😀", `"`, `\`, "{", "}",
		`{"name":"f"}`, `{"name": "g", "arguments": {"k": "v`, `"}}`, "<tool_call>{\"name\":\"f\"}</tool_call>", "<think>x</think>", "<tool_", "\n</thin", "null"}
	part := rapid.OneOf(rapid.SampledFrom(parts), rapid.Custom(func(t *rapid.T) string {
		p := rapid.SampledFrom(parts[:4]).Draw(t, "marker")
		return p[:rapid.IntRange(1, len(p)).Draw(t, "part")]
	}))
	return rapid.Map(rapid.SliceOfN(part, 0, 14), func(s []string) string { return strings.Join(s, "") })
}

func options() *rapid.Generator[Options] {
	return rapid.Custom(func(t *rapid.T) Options {
		return Options{Thinking: rapid.Bool().Draw(t, "thinking"), DropThinking: rapid.Bool().Draw(t, "dropped"), CallsAsText: rapid.Bool().Draw(t, "as text"),

			Taken: map[string]bool{"call_1": rapid.Bool().Draw(t, "taken")}}
	})
}

func TestParser_DoesNotDependOnThePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, text := options().Draw(t, "options"), soup().Draw(t, "text")
		var pieces []string
		for rest := []rune(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pieces = append(pieces, string(rest[:n]))
			rest = rest[n:]
		}
		if d := cmp.Diff(reference(o, text), parse(o, pieces...)); d != "" {
			t.Fatalf("%q in pieces %q (-want +got):\n%s", text, pieces, d)
		}
	})
}

// What is held back outside of calls is the beginning of a marker, and nothing
// is held that could go out.
func TestParser_HoldsNoMoreThanTheBeginningOfAMarker(t *testing.T) {
	marks := []string{openThink, openCall, "\n" + openCall, "\n" + openThink + "\n", closeThink, "\n" + closeThink}
	rapid.Check(t, func(t *rapid.T) {
		p := New(options().Draw(t, "options"))
		var out []prompt.Event
		for _, r := range soup().Draw(t, "text") {
			out = p.Feed(out[:0], string(r))
			could := p.held == ""
			for _, m := range marks {
				could = could || len(p.held) < len(m) && strings.HasPrefix(m, p.held)
			}
			if !could {
				t.Fatalf("holds %q, which can't become a marker", p.held)
			}
			for _, e := range out {
				if e.Kind <= prompt.EventThinking && (e.Text == "" || !utf8.ValidString(e.Text)) {
					t.Fatalf("emitted %+v: want some text, whole characters", e)
				}
			}
		}
	})
}

// Long answers made to be slow, character by character: what is quadratic does
// not come to an end here.
func TestParser_TakesItsTimeOnce(t *testing.T) {
	const n = 1 << 18
	for name, text := range map[string]string{
		"beginnings":      strings.Repeat("\n<tool_cal", n/10),
		"line breaks":     strings.Repeat("\n", n),
		"angles":          strings.Repeat("<", n),
		"ends in a call":  openCall + strings.Repeat("</tool_cal", n/10),
		"quotes":          openCall + strings.Repeat(`"\"`, n/3),
		"a deep call":     openCall + strings.Repeat("[", n) + closeCall,
		"blanks":          openCall + closeCall + strings.Repeat(" ", n),
		"calls":           strings.Repeat(openCall+closeCall, n/20),
		"thoughts":        strings.Repeat(openThink+"\n"+closeThink, n/16),
		"ends in thought": openThink + strings.Repeat("\n</think", n/8),
	} {
		p := New(Options{})
		var out []prompt.Event
		count := 0
		for i := range len(text) {
			out = p.Feed(out[:0], text[i:i+1])
			count += len(out)
		}
		if count += len(p.End(out[:0])); count == 0 && name != "thoughts" {
			t.Errorf("%s: no events", name)
		}
	}
}

func FuzzParser(f *testing.F) {
	for i, a := range answers {
		f.Add(a.in, uint8(1+i%5), uint8(i), a.o.Thinking, a.o.DropThinking, a.o.CallsAsText)
	}
	f.Fuzz(func(t *testing.T, text string, piece, shift uint8, thinking, dropped, asText bool) {
		if !utf8.ValidString(text) || len(text) > 1<<12 {
			return // only whole characters come here, and the reference is slow
		}
		o := Options{Thinking: thinking, DropThinking: dropped, CallsAsText: asText}
		want := reference(o, text)
		var pieces []string
		// A first cut anywhere, then pieces of one size.
		first, rest := text[:min(int(shift), len(text))], text[min(int(shift), len(text)):]
		for pieces = append(pieces, first); rest != ""; {
			n := min(max(int(piece), 1), len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if d := cmp.Diff(want, parse(o, pieces...)); d != "" {
			t.Fatalf("%q in %d pieces (-want +got):\n%s", text, len(pieces), d)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	p := New(Options{})
	var out []prompt.Event
	const token = " token"
	b.SetBytes(int64(len(token)))
	for b.Loop() {
		out = p.Feed(out[:0], token)
	}
}

func ExampleParser() {
	p := New(Options{})
	for _, piece := range []string{"<thi", "nk>\nTwo", " and two.\n</think>\n", "\nFour."} {
		for _, e := range p.Feed(nil, piece) {
			fmt.Printf("%d %q\n", e.Kind, e.Text)
		}
	}
	// Output:
	// 2 "Two"
	// 2 " and two."
	// 1 "Four."
}
