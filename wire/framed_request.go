package wire

import "fmt"

// StreamError ends a framed connection: the request that was being read can't
// be put together, and where the next one begins is not known. It is answered
// by one error frame with this id and code.
type StreamError struct {
	ID      string
	Code    Code
	Message string
}

func (e *StreamError) Error() string { return e.Message }

// Request reads the next request with its attachments. It checks what the
// request is made of and bounds what it may bring along; Validate checks the
// rest.
//
// At a clean end of the stream the error is io.EOF. After a *StreamError, a
// *MalformedError or ErrFrameTooLarge the client is told what was wrong, the
// last two with an empty id, and the connection closes. Any other error is the
// transport's own.
func (r *FramedReader) Request() (*V2Request, error) {
	t, size, err := r.header()
	if err != nil {
		return nil, err
	}
	if t != FrameJSON {
		return nil, r.fail(&MalformedError{Problem: "a BLOB frame where a request was expected"})
	}
	frame, err := r.payload(size)
	if err != nil {
		return nil, err
	}
	req, err := decodeFramedRequest(frame)
	if err == nil {
		// Between the frames of one request the end of the stream is no clean one.
		err = truncated(r.blobs(req), "a request")
	}
	if err != nil {
		return nil, r.fail(err)
	}
	return req, nil
}

// decodeFramedRequest reads a request's JSON frame. Its version comes first: of
// a request of another one nothing else is known.
func decodeFramedRequest(frame []byte) (*V2Request, error) {
	var id string
	var version *int64
	if err := decodeObject(frame, field{"id", &id}, field{"wire_version", &version}); err != nil {
		return nil, err
	}
	if version == nil || *version != WireVersion {
		sent := "none"
		if version != nil {
			sent = fmt.Sprint(*version)
		}
		return nil, &StreamError{
			ID: id, Code: CodeWireVersionUnsupported,
			Message: fmt.Sprintf("wire_version: %s is not supported: allowed is %d", sent, WireVersion),
		}
	}
	req, err := decodeV2Request(frame, without)
	if err == nil && len(req.Attachments) > maxAttachments {
		err = refused(req, tooManyAttachments(fmt.Sprintf("more than %d attachments", maxAttachments)))
	}
	return req, err
}

// refused is why a request can't be put together.
func refused(req *V2Request, e *FieldError) *StreamError {
	return &StreamError{ID: req.ID, Code: e.AnswerCode(), Message: e.Error()}
}

// blobs reads the bytes of all attachments: for each, in order, a frame that
// announces them and one that holds them.
func (r *FramedReader) blobs(req *V2Request) error {
	var total int64
	for i := range req.Attachments {
		name := fmt.Sprintf("attachments[%d]", i)
		size, err := r.announcement(req, i)
		if err != nil {
			return err
		}
		// Charged before a byte is read, and before the sum can overflow.
		if size > maxAttachmentBytes {
			return refused(req, tooManyBytes(size))
		}
		if total += size; total > maxAttachmentBytes {
			return refused(req, tooManyBytes(total))
		}
		t, declared, err := r.header()
		if err != nil {
			return err
		}
		if t != FrameBlob || int64(declared) != size {
			return refused(req, &FieldError{
				Field: name, Value: fmt.Sprintf("a %s frame of %d bytes", t, declared), Problem: "is not what was announced",
				Allowed: fmt.Sprintf("a BLOB frame of %d bytes", size),
			})
		}
		if req.Attachments[i].Bytes, err = r.payload(declared); err != nil {
			return err
		}
	}
	return nil
}

// announcement reads the frame that says what the next BLOB is.
func (r *FramedReader) announcement(req *V2Request, index int) (int64, error) {
	name := fmt.Sprintf("attachments[%d]", index)
	want := req.Attachments[index].ID
	t, size, err := r.header()
	if err != nil {
		return 0, err
	}
	if t != FrameJSON || size > maxAnnouncement+len(want)*6 {
		return 0, refused(req, &FieldError{
			Field: name, Value: fmt.Sprintf("a %s frame of %d bytes", t, size), Problem: "is not its announcement",
			Allowed: "a JSON frame of type attachment_blob",
		})
	}
	frame, err := r.payload(size)
	if err != nil {
		return 0, err
	}
	var kind, id string
	var length *int64
	if err := decodeObject(frame, field{"type", &kind}, field{"attachment_id", &id}, field{"len", &length}); err != nil {
		return 0, within(name, err)
	}
	switch {
	case kind != typeBlob:
		return 0, refused(req, &FieldError{Field: name + ".type", Value: quoted(kind), Problem: "is not its announcement", Allowed: typeBlob})
	case id != want:
		return 0, refused(req, &FieldError{
			Field: name + ".attachment_id", Value: quoted(id), Problem: "is out of turn",
			Allowed: quoted(want) + ": each attachment once, in the order of the request",
		})
	case length == nil || *length < 0:
		return 0, refused(req, &FieldError{Field: name + ".len", Problem: "is missing or negative", Allowed: "the number of bytes"})
	}
	return *length, nil
}

const (
	typeBlob = "attachment_blob"
	// maxAnnouncement bounds an announcement beside the id in it.
	maxAnnouncement = 4 << 10
)

// AppendFramed writes the request as it is sent on the framed surface to dst:
// a JSON frame, and two frames for each attachment.
func (r *V2Request) AppendFramed(dst []byte) []byte {
	dst = appendJSONFrame(dst, func(dst []byte) []byte {
		o := openObject(dst)
		o.int("wire_version", WireVersion)
		r.append(&o, false)
		return o.close()
	})
	for i := range r.Attachments {
		a := &r.Attachments[i]
		dst = appendJSONFrame(dst, func(dst []byte) []byte {
			o := openObject(dst)
			o.text("type", typeBlob)
			o.text("attachment_id", a.ID)
			o.int("len", int64(len(a.Bytes)))
			return o.close()
		})
		dst = AppendFrame(dst, FrameBlob, a.Bytes)
	}
	return dst
}
