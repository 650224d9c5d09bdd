package batch

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/internal/prompt/hermes"
	"github.com/inferd/inferd/internal/prompt/stop"
)

func TestAnswer_StopsInWhatItSays(t *testing.T) {
	said := func(s string) prompt.Event { return prompt.Event{Kind: prompt.EventText, Text: s} }
	thought := func(s string) prompt.Event { return prompt.Event{Kind: prompt.EventThinking, Text: s} }
	f := prompt.Event{Kind: prompt.EventToolUse, ID: "call_1", Name: "f", Input: []byte("{}")}
	const call = `<tool_call>{"name":"f"}</tool_call>`
	type end struct{ Stopped, Called, Malformed bool }
	for name, c := range map[string]struct {
		in   string
		cut  bool // by its length
		want []prompt.Event
		end  end
	}{
		"text":                      {"one END two", false, []prompt.Event{said("one ")}, end{Stopped: true}},
		"not in a thought":          {"<think>END</think>one END", false, []prompt.Event{thought("END"), said("one ")}, end{Stopped: true}},
		"not in a call":             {`<tool_call>{"name":"END"}</tool_call>`, false, []prompt.Event{{Kind: prompt.EventToolUse, ID: "call_1", Name: "END", Input: []byte("{}")}}, end{Called: true}},
		"not over a call":           {"EN" + call + "D", false, []prompt.Event{said("EN"), f, said("D")}, end{Called: true}},
		"not over a thought":        {"EN\n<think>\nx</think>D", false, []prompt.Event{said("EN"), thought("x"), said("D")}, end{}},
		"nothing after it":          {"END" + call, false, nil, end{Stopped: true}},
		"in what is flushed":        {"a\xf0\x9f", false, []prompt.Event{said("a\uFFFD")}, end{}},
		"a call that is not closed": {"a<tool_call>{", false, []prompt.Event{said("a"), {Kind: prompt.EventMalformed, Text: "{", Why: "the call was not closed"}}, end{Malformed: true}},
		"a call that was cut off":   {"a<tool_call>{", true, []prompt.Event{said("a")}, end{}},
		"nothing after a bad call":  {"<tool_call></tool_call>a" + call, false, []prompt.Event{{Kind: prompt.EventMalformed, Why: "the call is not valid JSON"}}, end{Malformed: true}},
	} {
		a := answer{parser: hermes.New(hermes.Options{}), matcher: stop.New([]string{"END"})}
		var got []prompt.Event
		tokens := 0
		keep := func() {
			for _, e := range a.parts {
				if n := len(got); n > 0 && e.Text != "" && got[n-1].Kind == e.Kind {
					got[n-1].Text += e.Text
				} else {
					got = append(got, e)
				}
				tokens += a.counted()
			}
		}
		for i := range len(c.in) {
			a.push([]byte{c.in[i]})
			keep()
		}
		if c.cut {
			a.flush()
		} else {
			a.finish()
		}
		keep()
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if e := (end{a.stopped, a.called, a.malformed != nil}); e != c.end {
			t.Errorf("%s: ended %+v, want %+v", name, e, c.end)
		}
		if tokens > len(c.in) {
			t.Errorf("%s: the parts count %d tokens of %d", name, tokens, len(c.in))
		}
	}
}
