package wire

// DecodeV1Request reads a request. It checks what the request is made of, not
// what it asks for: Validate does that. The error is a *MalformedError.
//
// Keys match exactly, unknown ones are ignored, the last of equal keys counts,
// and null for an optional field means that it is absent.
func DecodeV1Request(frame []byte) (*V1Request, error) {
	r := &V1Request{}
	sent := false
	messages := func(s *scanner) (err error) {
		sent = true
		r.Messages, err = s.messages(r.Messages[:0])
		return err
	}
	var settings Sampling
	err := decodeObject(frame, append(settings.fields(),
		field{"id", &r.ID},
		field{"messages", messages},
		field{"stream", &r.Stream},
		field{"progress", &r.Progress},
	)...)
	if err != nil {
		return nil, err
	}
	r.take(&settings)
	if !sent {
		return nil, missing("messages", "an array of messages")
	}
	return r, nil
}

// messages consumes the conversation.
func (s *scanner) messages(list []Message) ([]Message, error) {
	err := s.array(func(i int) error {
		m, err := s.message()
		list = append(list, m)
		return withinIndex(i, err)
	})
	if len(list) == 0 {
		list = nil
	}
	return list, err
}

// message consumes one turn.
func (s *scanner) message() (m Message, err error) {
	m.Role, err = s.turn("a string", func() (err error) {
		m.Content, err = s.text()
		return err
	})
	return m, err
}

// turn consumes a turn of any kind of content, which is what wanted names and
// read consumes. Both its parts are required.
func (s *scanner) turn(wanted string, read func() error) (who Role, err error) {
	var role, content bool
	err = s.object(func(key []byte) (err error) {
		switch string(key) {
		case "role":
			role = true
			who, err = s.role()
			return within("role", err)
		case "content":
			content = true
			return within("content", read())
		}
		return s.skip()
	})
	switch {
	case err != nil:
		return who, err
	case !role:
		return who, &MalformedError{Field: "role", Problem: "missing: " + rolesAllowed}
	case !content:
		return who, missing("content", wanted)
	}
	return who, nil
}

const rolesAllowed = "allowed are system, user, assistant"

// role consumes a role that is known.
func (s *scanner) role() (Role, error) {
	text, err := s.text()
	if err != nil {
		return "", err
	}
	for _, r := range []Role{RoleSystem, RoleUser, RoleAssistant} {
		if string(r) == text {
			return r, nil
		}
	}
	return "", &MalformedError{Problem: "unknown role " + quoted(text) + ": " + rolesAllowed}
}

// stops consumes the stop strings: one string, or an array of them. Of an
// array no more is kept than shows Validate that there are too many.
func (s *scanner) stops() ([]string, error) {
	if s.word("null") {
		return nil, nil
	}
	if s.peek() == '"' {
		one, err := s.text()
		return []string{one}, err
	}
	if s.peek() != '[' {
		return nil, s.mismatch("a string or an array of strings")
	}
	var list []string
	err := s.array(func(i int) error {
		text, err := s.text()
		if len(list) <= maxStops {
			list = append(list, text)
		}
		return withinIndex(i, err)
	})
	return list, err
}
