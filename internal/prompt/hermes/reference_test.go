package hermes

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/prompt"
)

// These say what a Parser does by definition, on the whole text at once.
var (
	endOfThought = regexp.MustCompile(`\n?</think>`)
	atTheStart   = regexp.MustCompile(`^(<think>|<tool_call>)`)
	inTheText    = regexp.MustCompile(`\n?<tool_call>|\n<think>\n`)
	// A string ends with its quote, or where its line does.
	endOfCall = regexp.MustCompile(`(?s)^((?:"(?:[^"\\\n]|\\[^\n])*(?:"|\\?\n)|[^"])*?)</tool_call>`)

	startOfThought = regexp.MustCompile(`^<think>`)
	lineOfThought  = regexp.MustCompile(`\n<think>\n`)
)

// reference is what the whole text must become.
func reference(o Options, text string) (out []prompt.Event) {
	add := func(k prompt.EventKind, s string) {
		if s != "" && (k != prompt.EventThinking || !o.DropThinking) {
			out = append(out, prompt.Event{Kind: k, Text: s})
		}
	}
	first, inside := atTheStart, inTheText
	if o.CallsAsText {
		first, inside = startOfThought, lineOfThought
	}
	start, thought, n := true, o.Thinking, 0
	for {
		if thought {
			text = strings.TrimLeft(text, "\n")
			at := endOfThought.FindStringIndex(text)
			if at == nil {
				add(prompt.EventThinking, text)
				return merged(out)
			}
			add(prompt.EventThinking, text[:at[0]])
			text, start = strings.TrimLeft(text[at[1]:], "\n"), true
		}
		at := []int(nil)
		if start {
			at = first.FindStringIndex(text)
		}
		if at == nil {
			at = inside.FindStringIndex(text)
		}
		if at == nil {
			add(prompt.EventText, text)
			return merged(out)
		}
		add(prompt.EventText, text[:at[0]])
		if thought = strings.Contains(text[at[0]:at[1]], "think"); thought {
			text = text[at[1]:]
			continue
		}
		text = text[at[1]:]
		m := endOfCall.FindStringSubmatch(text)
		if m == nil {
			return merged(append(out, prompt.Event{Kind: prompt.EventMalformed, Text: text, Why: "the call was not closed"}))
		}
		text, start = strings.TrimLeft(text[len(m[0]):], " \t\r\n"), true
		name, input, err := read(m[1])
		if err != nil {
			out = append(out, prompt.Event{Kind: prompt.EventMalformed, Text: m[1], Why: err.Error()})
			continue
		}
		for n++; o.Taken["call_"+strconv.Itoa(n)]; n++ {
			continue
		}
		out = append(out, prompt.Event{Kind: prompt.EventToolUse, ID: "call_" + strconv.Itoa(n), Name: name, Input: input})
	}
}

// merged puts pieces of text that touch together.
func merged(events []prompt.Event) (out []prompt.Event) {
	for _, e := range events {
		text := e.Kind == prompt.EventText || e.Kind == prompt.EventThinking
		if n := len(out); text && n > 0 && out[n-1].Kind == e.Kind {
			out[n-1].Text += e.Text
			continue
		}
		out = append(out, e)
	}
	return out
}
