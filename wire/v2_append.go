package wire

import "encoding/base64"

// Append writes the request's frame for the v2 surface, newline included, to
// dst: the messages, and the other fields that are set. Attachments carry their
// bytes as base64.
func (r *V2Request) Append(dst []byte) []byte {
	o := openObject(dst)
	r.append(&o, true)
	return o.line()
}

// append writes the request's fields, the bytes of attachments if they are to
// be in the same frame.
func (r *V2Request) append(o *object, withBytes bool) {
	o.textIf("id", r.ID)
	o.key("messages")
	o.dst = appendV2Messages(o.dst, r.Messages)
	if len(r.Attachments) > 0 {
		appendList(o, "attachments", r.Attachments, func(dst []byte, a *Attachment) []byte { return a.append(dst, withBytes) })
	}
	if len(r.Tools) > 0 {
		appendList(o, "tools", r.Tools, func(dst []byte, t *Tool) []byte { return t.append(dst) })
	}
	r.Sampling.append(o, r.Stream)
	if f := r.ResponseFormat; f != nil {
		o.key("response_format")
		o.dst = f.append(o.dst)
	}
	if r.Thinking != nil {
		o.bool("thinking", *r.Thinking)
	}
	if r.ToolChoice != nil {
		o.text("tool_choice", string(*r.ToolChoice))
	}
	o.boolIf("progress", r.Progress)
}

// appendList writes an array of objects.
func appendList[T any](o *object, k string, list []T, one func([]byte, *T) []byte) {
	o.key(k)
	o.dst = append(o.dst, '[')
	for i := range list {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = one(o.dst, &list[i])
	}
	o.dst = append(o.dst, ']')
}

func appendV2Messages(dst []byte, list []V2Message) []byte {
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		o := openObject(dst)
		o.text("role", string(list[i].Role))
		o.key("content")
		o.dst = appendBlocks(o.dst, list[i].Content)
		dst = o.close()
	}
	return append(dst, ']')
}

func (a *Attachment) append(dst []byte, withBytes bool) []byte {
	o := openObject(dst)
	o.text("kind", string(a.Kind))
	o.text("id", a.ID)
	switch a.Kind {
	case AttachmentImage:
		o.int("width", a.Width)
		o.int("height", a.Height)
	case AttachmentAudio:
		o.int("sample_rate", a.SampleRate)
	case AttachmentVideo:
	}
	if withBytes {
		o.key("bytes")
		o.dst = append(o.dst, '"')
		o.dst = base64.StdEncoding.AppendEncode(o.dst, a.Bytes)
		o.dst = append(o.dst, '"')
	}
	return o.close()
}

func (t *Tool) append(dst []byte) []byte {
	o := openObject(dst)
	o.text("name", t.Name)
	o.text("description", t.Description)
	o.json("input_schema", t.InputSchema)
	return o.close()
}

func (f *ResponseFormat) append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", f.Type)
	if f.Schema != nil {
		o.json("schema", f.Schema)
	}
	return o.close()
}
