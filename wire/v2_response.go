package wire

// RequestID is the id of the request that the piece belongs to.
func (f *V2Frame) RequestID() string { return f.ID }

// Terminal is false: more frames follow.
func (*V2Frame) Terminal() bool { return false }

// RequestID is the id of the request that was answered.
func (d *V2Done) RequestID() string { return d.ID }

// Terminal is true: this is the request's last frame.
func (*V2Done) Terminal() bool { return true }

// Append writes the frame, newline included, to dst. For text and thinking it
// allocates only to grow dst.
func (f *V2Frame) Append(dst []byte) []byte {
	dst = append(dst, `{"type":"frame","id":`...)
	dst = appendString(dst, f.ID)
	dst = append(dst, `,"block":`...)
	b := &f.Block
	o := openObject(dst)
	o.text("type", string(b.Type))
	if b.Type == BlockToolUse {
		o.text("tool_call_id", b.ToolCallID)
		o.text("name", b.Name)
		o.json("input", b.Input)
	} else {
		o.text("delta", b.Delta)
	}
	return append(o.close(), '}', '\n')
}

// Append writes the frame, newline included, to dst.
func (d *V2Done) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "done")
	o.text("id", d.ID)
	o.key("usage")
	o.dst = d.Usage.appendAs(o.dst, "input_tokens", "output_tokens")
	o.text("stop_reason", string(d.StopReason))
	o.boolIf("tool_choice_unsatisfied", d.ToolChoiceUnsatisfied)
	o.text("backend", d.Backend)
	if d.Timings != nil {
		o.key("timings")
		o.dst = d.Timings.append(o.dst)
	}
	if d.Seed != nil {
		o.uint("seed", uint64(*d.Seed))
	}
	return o.line()
}

// DecodeV2Response reads a frame from the daemon on a typed surface, without
// the framed surface's header. Unknown keys are ignored and absent ones stay
// zero. A piece of a type that this version does not know is kept as that type
// and nothing else. The error is a *MalformedError.
func DecodeV2Response(frame []byte) (V2Response, error) {
	var kind string
	if err := decodeObject(frame, field{"type", &kind}); err != nil {
		return nil, err
	}
	switch kind {
	case "frame":
		f := &V2Frame{}
		if err := decodeObject(frame, field{"id", &f.ID}, field{"block", f.Block.read}); err != nil {
			return nil, err
		}
		return f, nil
	case "done":
		d := &V2Done{}
		if err := decodeObject(frame, d.fields()...); err != nil {
			return nil, err
		}
		return d, nil
	case "error", "status":
		return DecodeV1Response(frame)
	}
	return nil, &MalformedError{
		Field: "type", Problem: "unknown type " + quoted(kind) + ": allowed are frame, done, error, status",
	}
}

func (d *V2Done) fields() []field {
	usage := func(u *Usage) []field { return u.fieldsAs("input_tokens", "output_tokens") }
	return []field{
		{"id", &d.ID},
		{"usage", inner(&d.Usage, usage)},
		{"stop_reason", (*string)(&d.StopReason)},
		{"tool_choice_unsatisfied", &d.ToolChoiceUnsatisfied},
		{"backend", &d.Backend},
		{"timings", optionalInner(&d.Timings, (*Timings).fields)},
		{"seed", &d.Seed},
	}
}

// read consumes a piece. What its keys mean depends on its type, which may come
// last.
func (p *Piece) read(s *scanner) error {
	*p = Piece{}
	at := s.peek()
	if at != '{' {
		return s.mismatch("an object")
	}
	start := s.pos
	if err := s.skip(); err != nil {
		return err
	}
	end := s.pos
	s.pos = start
	var kind *string
	if err := s.fields(field{"type", &kind}); err != nil {
		return err
	}
	if kind == nil {
		return missing("type", "a string")
	}
	p.Type = BlockType(*kind)
	s.pos = start
	switch p.Type {
	case BlockText, BlockThinking:
		return s.fields(field{"delta", &p.Delta})
	case BlockToolUse:
		return s.fields(field{"tool_call_id", &p.ToolCallID}, field{"name", &p.Name}, field{"input", rawInto(&p.Input)})
	}
	s.pos = end
	return nil
}
