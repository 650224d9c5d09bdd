package wire

import "fmt"

// checkToolChoice checks whether the model has to call a tool.
func (r *V2Request) checkToolChoice() error {
	if r.ToolChoice == nil {
		return nil
	}
	choice := *r.ToolChoice
	if len(r.Tools) == 0 {
		return &FieldError{Field: "tool_choice", Value: quoted(choice), Problem: "has nothing to choose from", Allowed: "only beside tools"}
	}
	switch choice {
	case ToolChoiceAuto, ToolChoiceRequired, ToolChoiceNone:
	default:
		return &FieldError{Field: "tool_choice", Value: quoted(choice), Problem: "is not known", Allowed: "auto, required or none"}
	}
	if r.ResponseFormat != nil {
		return &FieldError{Field: "tool_choice", Value: quoted(choice), Problem: "is beside response_format", Allowed: "one of the two"}
	}
	return nil
}

// checkResponseFormat checks what the answer's text has to be.
func (r *V2Request) checkResponseFormat(compile func([]byte) error) error {
	f := r.ResponseFormat
	switch {
	case f == nil:
		return nil
	case f.Type != FormatJSONSchema:
		return &FieldError{Field: "response_format.type", Value: quoted(f.Type), Problem: "is not known", Allowed: FormatJSONSchema}
	case len(f.Schema) > maxSchemaBytes:
		return schemaTooLong("response_format.schema")
	}
	return checkSchema("response_format.schema", f.Schema, compile)
}

// checkConstraints refuses a grammar beside what is enforced by another one.
func (r *V2Request) checkConstraints() error {
	switch {
	case r.Grammar == nil:
		return nil
	case r.ResponseFormat != nil:
		return &FieldError{Field: "grammar", Problem: "is beside response_format", Allowed: "one of the two"}
	case r.ToolChoice != nil && *r.ToolChoice == ToolChoiceRequired:
		return &FieldError{Field: "grammar", Problem: `is beside tool_choice "required"`, Allowed: "one of the two"}
	}
	return nil
}

// checkCapabilities refuses what a backend can't do. Nothing of it is left out
// silently.
func (r *V2Request) checkCapabilities(c *Capabilities) error {
	for i := range r.Attachments {
		a := &r.Attachments[i]
		if a.Kind == AttachmentImage && c.Vision || a.Kind == AttachmentAudio && c.Audio {
			continue
		}
		return &FieldError{
			Field: fmt.Sprintf("attachments[%d].kind", i), Value: quoted(a.Kind), Problem: "can't be taken by the model that serves this request",
			Allowed: c.kinds(), Code: CodeAttachmentUnsupported,
		}
	}
	const missing = "is not supported by the model that serves this request"
	switch {
	case len(r.Tools) > 0 && !c.Tools:
		return &FieldError{Field: "tools", Problem: missing}
	case r.ToolChoice != nil && *r.ToolChoice != ToolChoiceAuto && !c.StructuredOutput:
		return &FieldError{Field: "tool_choice", Value: quoted(*r.ToolChoice), Problem: missing, Allowed: "auto"}
	case r.ResponseFormat != nil && !c.StructuredOutput:
		return &FieldError{Field: "response_format", Problem: missing}
	case valueOr(r.Thinking, false) && !c.Thinking:
		return &FieldError{Field: "thinking", Value: "true", Problem: missing, Allowed: "false"}
	}
	return nil
}

// kinds names the kinds of attachments that can be taken.
func (c *Capabilities) kinds() string {
	switch {
	case c.Vision && c.Audio:
		return "image or audio"
	case c.Vision:
		return "image"
	case c.Audio:
		return "audio"
	}
	return "text only"
}
