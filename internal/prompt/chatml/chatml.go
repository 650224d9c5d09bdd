// Package chatml renders conversations in ChatML, the format of the built-in
// model and of its family. It renders for models whose template it knows by
// heart and for no other: a prompt in another model's markers gives answers
// that are fluent and wrong.
package chatml

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/inferd/inferd/internal/prompt"
)

// Format is one member of the family. It implements prompt.Renderer.
type Format struct {
	// hermes says that the template has tools and thoughts in Hermes' form:
	// definitions in <tools>, calls in <tool_call>, results in
	// <tool_response>, reasoning in <think>, which is left out of past turns.
	hermes bool
}

const (
	begin    = "<|im_start|>"
	end      = "<|im_end|>"
	think    = "<think>"
	endThink = "</think>"
)

// visible are the markers that are text in a model's output too. A vocabulary
// holds them as user-defined tokens, not as control tokens.
var visible = []string{think, endThink, "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"}

// markers are all that a template of the family writes.
var markers = append([]string{begin, end}, visible...)

// known are the templates that render as this package does, by the digest of
// their text without surrounding white space.
var known = map[string]Format{
	// The built-in model's, with tools and thinking.
	"51d76ba76c19717ab3988341da3fcef6bf8a4da68995ee66c5e2bdce75dd9e0f": {hermes: true},
	// The plain loop over the messages that many models carry.
	"fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e": {},
}

// Lookup finds the format that a model's template stands for.
func Lookup(template string) (Format, bool) {
	sum := sha256.Sum256([]byte(strings.TrimSpace(template)))
	f, ok := known[hex.EncodeToString(sum[:])]
	return f, ok
}

// Markers implements prompt.Renderer.
func (Format) Markers() []string { return visible }

// Tools implements prompt.Renderer.
func (f Format) Tools() bool { return f.hermes }

// Thinking implements prompt.Renderer.
func (f Format) Thinking() bool { return f.hermes }

// Render implements prompt.Renderer. The template knows no switch for thinking:
// where a thought is asked for, the prompt opens it after the template's end.
func (f Format) Render(c prompt.Conversation) (prompt.Prompt, error) {
	turns, err := turnsOf(c.Messages)
	if err != nil {
		return prompt.Prompt{}, err
	}
	if err := f.supports(c, turns); err != nil {
		return prompt.Prompt{}, err
	}
	var w writer
	if len(c.Tools) > 0 {
		system := ""
		if turns[0].role == roleSystem {
			system = turns[0].text + "\n\n"
		}
		if err := w.tools(system, c.Tools); err != nil {
			return prompt.Prompt{}, err
		}
		if system != "" {
			turns = turns[1:]
		}
	}
	for i, t := range turns {
		if err := f.turn(&w, turns, i, t); err != nil {
			return prompt.Prompt{}, err
		}
	}
	w.template(begin + roleAssistant + "\n")
	thinking := f.hermes && c.Thinking != nil && *c.Thinking
	if thinking {
		w.template(think + "\n")
	}
	return prompt.Prompt{Segments: w.segments, Thinking: thinking}, nil
}

// supports refuses what the template has no place for.
func (f Format) supports(c prompt.Conversation, turns []turn) error {
	if len(turns) == 0 {
		return errors.New("messages: there are none")
	}
	if f.hermes {
		return nil
	}
	if len(c.Tools) > 0 {
		return errors.New("tools: the model's chat template has no place for tools")
	}
	if c.Thinking != nil && *c.Thinking {
		return errors.New("thinking: the model's chat template has no place for thinking")
	}
	for _, t := range turns {
		if t.role == roleTool || len(t.calls) > 0 {
			return errors.New("messages: the model's chat template has no place for tool calls and their results")
		}
	}
	return nil
}
