package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// frame is what a server sends.
type frame struct {
	raw []byte

	Type       string      `json:"type"`
	ID         *string     `json:"id"`
	Content    *string     `json:"content"`
	Block      *block      `json:"block"`
	Usage      counts      `json:"usage"`
	StopReason string      `json:"stop_reason"`
	Backend    *string     `json:"backend"`
	Unmet      bool        `json:"tool_choice_unsatisfied"`
	Code       string      `json:"code"`
	Message    string      `json:"message"`
	Status     string      `json:"status"`
	Position   int         `json:"position"`
	Done       int         `json:"done"`
	Total      int         `json:"total"`
	Seed       *uint32     `json:"seed"`
	Embeddings [][]float64 `json:"embeddings"`
	Dimensions int         `json:"dimensions"`
	Model      *string     `json:"model"`
	Results    []scored    `json:"results"`
}

// block is a piece of a typed answer.
type block struct {
	Type       string          `json:"type"`
	Delta      *string         `json:"delta"`
	ToolCallID string          `json:"tool_call_id"`
	Name       string          `json:"name"`
	Input      json.RawMessage `json:"input"`
}

// scored is a document in a rerank answer.
type scored struct {
	Index *int     `json:"index"`
	Score *float64 `json:"score"`
}

// known are the codes of every surface.
var known = []string{"queue_full", "backend_unavailable", "invalid_request", "frame_too_large", "internal"}

// decode reads a frame and checks that it has what its type has on the surface.
func (s *surface) decode(payload []byte) (*frame, error) {
	f := &frame{raw: payload}
	if !utf8.Valid(payload) {
		return nil, fmt.Errorf("a frame that is not UTF-8: %s", short(payload))
	}
	if err := json.Unmarshal(payload, f); err != nil {
		return nil, fmt.Errorf("a frame that can't be read: %w: %s", err, short(payload))
	}
	if f.ID == nil {
		return nil, fmt.Errorf("a frame without id: %s", short(payload))
	}
	if err := s.shape(f); err != nil {
		return nil, fmt.Errorf("%w: %s", err, short(payload))
	}
	return f, nil
}

// counts are the numbers in usage, beside which there may be other things.
type counts map[string]*uint

// UnmarshalJSON implements json.Unmarshaler.
func (c *counts) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*c = counts{}
	for key, v := range all {
		var n *uint
		if json.Unmarshal(v, &n) == nil {
			(*c)[key] = n
		}
	}
	return nil
}

// terminal reports whether f ends a request.
func (s *surface) terminal(f *frame) bool { return f.Type == s.done || f.Type == "error" }

func (s *surface) shape(f *frame) error {
	switch f.Type {
	case "error":
		if f.Message == "" || !slices.Contains(known, f.Code) && !slices.Contains(s.codes, f.Code) {
			return errors.New("an error without a message, or with a code that the surface does not have")
		}
		return nil
	case "token":
		if s.kind == v1 && f.Content != nil {
			return nil
		}
	case "frame":
		if s.kind&typed != 0 && f.Block.whole() {
			return nil
		}
	case "status":
		if s.kind&generation != 0 && f.Status != "" {
			return nil
		}
	case "done":
		return s.doneShape(f)
	case s.done:
		if f.Model != nil && f.Backend != nil && f.Usage["input_tokens"] != nil {
			return nil
		}
	}
	return fmt.Errorf("a frame of type %q that the surface does not have, or that is not whole", f.Type)
}

// usageKeys are the counts in done, of the prompt and of the answer.
func (s *surface) usageKeys() (prompt, answer string) {
	if s.kind == v1 {
		return "prompt_tokens", "completion_tokens"
	}
	return "input_tokens", "output_tokens"
}

func (s *surface) doneShape(f *frame) error {
	prompt, written := s.usageKeys()
	switch {
	case s.done != "done":
		return errors.New("a done on a surface that has none")
	case f.Usage[prompt] == nil || f.Usage[written] == nil:
		return fmt.Errorf("a done without usage.%s or usage.%s", prompt, written)
	case !slices.Contains(s.stops, f.StopReason):
		return fmt.Errorf("the stop_reason is %q, want one of %q", f.StopReason, s.stops)
	case f.Backend == nil:
		return errors.New("a done without backend")
	case s.kind == v1 && f.Content == nil:
		return errors.New("a done without content")
	}
	return nil
}

// whole reports whether the piece has what its type has.
func (b *block) whole() bool {
	switch {
	case b == nil:
		return false
	case b.Type == "text", b.Type == "thinking":
		return b.Delta != nil
	case b.Type == "tool_use":
		var input map[string]json.RawMessage
		return b.ToolCallID != "" && b.Name != "" && json.Unmarshal(b.Input, &input) == nil && input != nil
	}
	return false
}
