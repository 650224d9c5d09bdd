package chatml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/internal/prompt/canon"
)

// The words around the definitions of tools, from the template.
const (
	toolsHead = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" +
		"You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
	toolsTail = "\n</tools>\n\nFor each function call, return a json object with function name and arguments " +
		"within <tool_call></tool_call> XML tags:\n<tool_call>\n" +
		"{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>" + end + "\n"
)

// writer collects segments.
type writer struct{ segments []prompt.Segment }

// template writes the template's own text, with its markers.
func (w *writer) template(s string) {
	for _, seg := range prompt.Split(s, markers) {
		w.segments = prompt.Append(w.segments, seg)
	}
}

// text writes what came from outside, or must not be looked at for markers.
func (w *writer) text(s string) {
	w.segments = prompt.Append(w.segments, prompt.Segment{Text: s})
}

// tools writes the system turn that defines them. Schemas keep their order.
func (w *writer) tools(system string, tools []prompt.Tool) error {
	w.template(begin + "system\n")
	w.text(system)
	w.template(toolsHead)
	var list strings.Builder
	for i, t := range tools {
		schema, err := canon.Parse(t.Schema)
		if err != nil {
			return fmt.Errorf("tools[%d].input_schema: %w", i, err)
		}
		list.WriteString("\n" + `{"type": "function", "function": {"name": ` + canon.Text(t.Name) +
			`, "description": ` + canon.Text(t.Description) + `, "parameters": ` + schema.Spaced() + "}}")
	}
	w.text(list.String())
	w.template(toolsTail)
	return nil
}

// turn writes turns[i]. Results that follow one another share a turn.
func (f Format) turn(w *writer, turns []turn, i int, t turn) error {
	switch t.role {
	case roleAssistant:
		return f.answer(w, t, i == len(turns)-1)
	case roleTool:
		if i == 0 || turns[i-1].role != roleTool {
			w.template(begin + "user")
		}
		w.template("\n<tool_response>\n")
		w.text(t.text)
		w.template("\n</tool_response>")
		if i == len(turns)-1 || turns[i+1].role != roleTool {
			w.template(end + "\n")
		}
		return nil
	}
	w.template(begin + t.role + "\n")
	w.text(t.text)
	w.template(end + "\n")
	return nil
}

// answer writes a past answer, without its thought unless it is the last turn.
func (f Format) answer(w *writer, t turn, last bool) error {
	text := t.text
	if i := strings.LastIndex(text, endThink); f.hermes && !last && i >= 0 {
		text = strings.TrimLeft(text[i+len(endThink):], "\n")
	}
	w.template(begin + roleAssistant + "\n")
	w.text(text)
	for i, c := range t.calls {
		input, err := canon.Parse(c.Input)
		if err == nil && !input.IsObject() {
			err = errors.New("not an object")
		}
		if err != nil {
			return fmt.Errorf("the input of the tool call %q: %w", c.ID, err)
		}
		if text != "" || i > 0 {
			w.text("\n")
		}
		w.template("<tool_call>\n")
		w.text(`{"name": "` + c.Name + `", "arguments": ` + input.Spaced() + "}")
		w.template("\n</tool_call>")
	}
	w.template(end + "\n")
	return nil
}
