package wire

// DecodeV2Request reads a request of the v2 surface. It checks what the request
// is made of, not what it asks for: Validate does that. The error is a
// *MalformedError. Nothing of the request is shared with frame.
func DecodeV2Request(frame []byte) (*V2Request, error) {
	return decodeV2Request(frame, (*scanner).base64)
}

// readBytes consumes an attachment's bytes.
type readBytes func(*scanner) (decoded []byte, undecoded int64, err error)

// without is for attachments whose bytes come by themselves.
func without(s *scanner) ([]byte, int64, error) { return nil, 0, s.skip() }

func decodeV2Request(frame []byte, read readBytes) (*V2Request, error) {
	r := &V2Request{}
	sent := false
	var choice *string
	err := decodeObject(frame, append(r.Sampling.fields(),
		field{"id", &r.ID},
		field{"messages", func(s *scanner) (err error) {
			sent = true
			r.Messages, err = s.v2Messages()
			return err
		}},
		field{"attachments", few(&r.Attachments, maxAttachments+1, read.attachment)},
		field{"tools", few(&r.Tools, maxTools+1, (*scanner).tool)},
		field{"stream", &r.Stream},
		field{"response_format", func(s *scanner) error { return s.responseFormat(&r.ResponseFormat) }},
		field{"thinking", &r.Thinking},
		field{"tool_choice", &choice},
		field{"progress", &r.Progress},
	)...)
	if err != nil {
		return nil, err
	}
	if !sent {
		return nil, missing("messages", "an array of messages")
	}
	r.ToolChoice = (*ToolChoice)(choice)
	return r, nil
}

// few decodes an array and keeps its first elements; null is an empty one.
func few[T any](to *[]T, most int, one func(s *scanner, index int) (T, error)) func(*scanner) error {
	return func(s *scanner) error {
		*to = nil
		if s.word("null") {
			return nil
		}
		return s.array(func(i int) error {
			v, err := one(s, i)
			if i < most {
				*to = append(*to, v)
			}
			return withinIndex(i, err)
		})
	}
}

// v2Messages consumes the conversation.
func (s *scanner) v2Messages() (list []V2Message, err error) {
	c := &contentReader{scanner: s}
	err = s.array(func(i int) error {
		m, err := c.message()
		if c.blocks <= maxBlocks || len(m.Content) > 0 {
			list = append(list, m)
		}
		return withinIndex(i, err)
	})
	return list, err
}

// message consumes one turn. Both its parts are required.
func (c *contentReader) message() (m V2Message, err error) {
	before := c.blocks
	m.Role, err = c.turn("an array of blocks", func() (err error) {
		c.blocks = before // of equal keys the last counts
		m.Content, err = c.content(1)
		return err
	})
	return m, err
}

// attachment consumes an attachment. The bytes of one too many are not kept.
func (read readBytes) attachment(s *scanner, index int) (a Attachment, err error) {
	var kind, id *string
	var width, height, rate *int64
	if index >= maxAttachments {
		read = without
	}
	err = s.fields(
		field{"kind", &kind}, field{"id", &id},
		field{"width", &width}, field{"height", &height}, field{"sample_rate", &rate},
		field{"bytes", func(s *scanner) (err error) {
			a.Bytes, a.Undecoded = nil, 0
			if !s.word("null") {
				a.Bytes, a.Undecoded, err = read(s)
			}
			return err
		}},
	)
	if err != nil {
		return a, err
	}
	a.Kind, a.ID = AttachmentKind(valueOr(kind, "")), valueOr(id, "")
	switch {
	case kind == nil:
		return a, missing("kind", "image, audio or video")
	case id == nil:
		return a, missing("id", "a string")
	}
	return a, a.setSize(width, height, rate)
}

// setSize keeps what the attachment's kind has.
func (a *Attachment) setSize(width, height, rate *int64) error {
	switch a.Kind {
	case AttachmentImage:
		if width == nil {
			return missing("width", "an integer")
		}
		if height == nil {
			return missing("height", "an integer")
		}
		a.Width, a.Height = *width, *height
	case AttachmentAudio:
		if rate == nil {
			return missing("sample_rate", "an integer")
		}
		a.SampleRate = *rate
	case AttachmentVideo:
	}
	return nil
}

// missing says that a required part was not sent.
func missing(name, wanted string) error {
	return &MalformedError{Field: name, Problem: "missing: " + wanted + " is required"}
}

// tool consumes a tool. All its parts are required.
func (s *scanner) tool(int) (t Tool, err error) {
	var name, description *string
	err = s.fields(field{"name", &name}, field{"description", &description}, field{"input_schema", rawInto(&t.InputSchema)})
	switch {
	case err != nil:
		return t, err
	case name == nil:
		return t, missing("name", "a string")
	case description == nil:
		return t, missing("description", "a string")
	case t.InputSchema == nil:
		return t, missing("input_schema", "an object")
	}
	t.Name, t.Description = *name, *description
	return t, nil
}

// rawInto keeps any value but null, which stands for none.
func rawInto(to *[]byte) func(*scanner) error {
	return func(s *scanner) (err error) {
		*to = nil
		if !s.word("null") {
			*to, err = s.raw()
		}
		return err
	}
}

// responseFormat consumes a response_format. One of another type than this
// version knows keeps that only.
func (s *scanner) responseFormat(to **ResponseFormat) error {
	*to = nil
	if s.word("null") {
		return nil
	}
	var kind *string
	f := &ResponseFormat{}
	err := s.fields(field{"type", &kind}, field{"schema", rawInto(&f.Schema)})
	switch {
	case err != nil:
		return err
	case kind == nil:
		return missing("type", `"`+FormatJSONSchema+`"`)
	case *kind != FormatJSONSchema:
		f.Schema = nil
	case f.Schema == nil:
		return missing("schema", "an object")
	}
	f.Type = *kind
	*to = f
	return nil
}
