package wire

// DecodeV1Response reads a frame from the daemon. Unknown keys are ignored
// and absent ones stay zero, so frames of older daemons decode too. The error
// is a *MalformedError; an unknown type is one that names it.
func DecodeV1Response(frame []byte) (V1Response, error) {
	var kind string
	if err := decodeObject(frame, field{"type", &kind}); err != nil {
		return nil, err
	}
	var to V1Response
	var fields []field
	switch kind {
	case "token":
		t := &V1Token{}
		to, fields = t, []field{{"id", &t.ID}, {"content", &t.Content}}
	case "done":
		d := &V1Done{}
		to, fields = d, d.fields()
	case "error":
		e := &V1Error{}
		to, fields = e, []field{{"id", &e.ID}, {"code", (*string)(&e.Code)}, {"message", &e.Message}}
	case "status":
		s := &V1Status{}
		to, fields = s, []field{
			{"id", &s.ID}, {"status", &s.Status}, {"position", &s.Position}, {"done", &s.Done}, {"total", &s.Total},
		}
	default:
		return nil, &MalformedError{
			Field: "type", Problem: "unknown type " + quoted(kind) + ": allowed are token, done, error, status",
		}
	}
	if err := decodeObject(frame, fields...); err != nil {
		return nil, err
	}
	return to, nil
}

func (d *V1Done) fields() []field {
	return []field{
		{"id", &d.ID},
		{"content", &d.Content},
		{"usage", inner(&d.Usage, (*Usage).fields)},
		{"stop_reason", (*string)(&d.StopReason)},
		{"backend", &d.Backend},
		{"timings", optionalInner(&d.Timings, (*Timings).fields)},
		{"seed", &d.Seed},
	}
}

func (u *Usage) fields() []field { return u.fieldsAs("prompt_tokens", "completion_tokens") }

func (u *Usage) fieldsAs(in, out string) []field {
	return []field{
		{in, &u.PromptTokens},
		{out, &u.CompletionTokens},
		{"cached_tokens", &u.CachedTokens},
		{"cache_miss", &u.CacheMiss},
		{"drafted_tokens", &u.DraftedTokens},
		{"accepted_tokens", &u.AcceptedTokens},
	}
}

func (t *Timings) fields() []field {
	return []field{
		{"queue_ms", &t.QueueMS},
		{"prefill_ms", &t.PrefillMS},
		{"first_token_ms", &t.FirstTokenMS},
		{"decode_ms", &t.DecodeMS},
	}
}
