package wire

// The values of V1Status.Status.
const (
	StatusQueued  = "queued"
	StatusPrefill = "prefill"
)

// RequestID is the id of the request that the piece belongs to.
func (t *V1Token) RequestID() string { return t.ID }

// RequestID is the id of the request that was answered.
func (d *V1Done) RequestID() string { return d.ID }

// RequestID is the id of the request that failed; empty where the frame that
// it was in could not be read.
func (e *V1Error) RequestID() string { return e.ID }

// RequestID is the id of the request that is under way.
func (s *V1Status) RequestID() string { return s.ID }

// Terminal is false: more frames follow.
func (*V1Token) Terminal() bool { return false }

// Terminal is true: this is the request's last frame.
func (*V1Done) Terminal() bool { return true }

// Terminal is true: this is the request's last frame.
func (*V1Error) Terminal() bool { return true }

// Terminal is false: more frames follow.
func (*V1Status) Terminal() bool { return false }

// Append writes the frame, newline included, to dst. It allocates only to
// grow dst: there is one of these for every piece of every answer.
func (t *V1Token) Append(dst []byte) []byte {
	dst = append(dst, `{"type":"token","id":`...)
	dst = appendString(dst, t.ID)
	dst = append(dst, `,"content":`...)
	dst = appendString(dst, t.Content)
	return append(dst, '}', '\n')
}

// Append writes the frame, newline included, to dst.
func (d *V1Done) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "done")
	o.text("id", d.ID)
	o.text("content", d.Content)
	o.key("usage")
	o.dst = d.Usage.append(o.dst)
	o.text("stop_reason", string(d.StopReason))
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

func (u *Usage) append(dst []byte) []byte {
	return u.appendAs(dst, "prompt_tokens", "completion_tokens")
}

// appendAs writes the counts under the names that a surface has for what went
// in and what came out.
func (u *Usage) appendAs(dst []byte, in, out string) []byte {
	o := openObject(dst)
	o.int(in, int64(u.PromptTokens))
	o.int(out, int64(u.CompletionTokens))
	o.int("cached_tokens", int64(u.CachedTokens))
	o.textIf("cache_miss", u.CacheMiss)
	o.intIf("drafted_tokens", int64(u.DraftedTokens))
	if u.DraftedTokens > 0 {
		o.int("accepted_tokens", int64(u.AcceptedTokens))
	}
	return o.close()
}

func (t *Timings) append(dst []byte) []byte {
	o := openObject(dst)
	o.float("queue_ms", t.QueueMS)
	o.float("prefill_ms", t.PrefillMS)
	o.float("first_token_ms", t.FirstTokenMS)
	o.float("decode_ms", t.DecodeMS)
	return o.close()
}

// Append writes the frame, newline included, to dst.
func (e *V1Error) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "error")
	o.text("id", e.ID)
	o.text("code", string(e.Code))
	o.text("message", e.Message)
	return o.line()
}

// Append writes the frame, newline included, to dst, with the figures that
// belong to its status.
func (s *V1Status) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "status")
	o.text("id", s.ID)
	o.text("status", s.Status)
	switch s.Status {
	case StatusQueued:
		o.int("position", int64(s.Position))
	case StatusPrefill:
		o.int("done", int64(s.Done))
		o.int("total", int64(s.Total))
	}
	return o.line()
}
