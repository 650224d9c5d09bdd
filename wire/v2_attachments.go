package wire

import "fmt"

// checkAttachments checks the media: each by itself, in order, and what they
// come to together.
func (r *V2Request) checkAttachments(c *Capabilities) error {
	if len(r.Attachments) > maxAttachments {
		return tooManyAttachments(fmt.Sprintf("more than %d attachments", maxAttachments))
	}
	seen := make(map[string]bool, len(r.Attachments))
	var total int64
	for i := range r.Attachments {
		a, name := &r.Attachments[i], fmt.Sprintf("attachments[%d]", i)
		if err := a.checkIdentity(name, seen); err != nil {
			return err
		}
		seen[a.ID] = true
		if err := a.checkBytes(name, c); err != nil {
			return err
		}
		if total += a.size(); total > maxAttachmentBytes {
			return tooManyBytes(total)
		}
	}
	return nil
}

func tooManyAttachments(value string) *FieldError {
	return &FieldError{
		Field: "attachments", Value: value, Problem: "are too many", Allowed: fmt.Sprintf("up to %d", maxAttachments),
	}
}

func tooManyBytes(total int64) *FieldError {
	return &FieldError{
		Field: "attachments", Value: fmt.Sprintf("%d bytes", total), Problem: "are too many",
		Allowed: fmt.Sprintf("up to %d bytes in all", maxAttachmentBytes), Code: CodeFrameTooLarge,
	}
}

// checkIdentity checks the attachment's kind and id.
func (a *Attachment) checkIdentity(name string, seen map[string]bool) error {
	switch a.Kind {
	case AttachmentImage, AttachmentAudio, AttachmentVideo:
	default:
		return &FieldError{Field: name + ".kind", Value: quoted(a.Kind), Problem: "is not known", Allowed: "image, audio or video"}
	}
	switch {
	case a.ID == "":
		return &FieldError{Field: name + ".id", Problem: "is empty", Allowed: "a name to refer to it by"}
	case seen[a.ID]:
		return &FieldError{Field: name + ".id", Value: quoted(a.ID), Problem: "is the id of another attachment", Allowed: "each id once"}
	}
	return checkText(name+".id", a.ID)
}

// size is how many bytes there are, or would be.
func (a *Attachment) size() int64 { return int64(len(a.Bytes)) + a.Undecoded }

// checkBytes checks the medium itself.
func (a *Attachment) checkBytes(name string, c *Capabilities) error {
	if a.Kind == AttachmentImage {
		if err := a.checkDimensions(name); err != nil {
			return err
		}
	}
	switch {
	case a.size() == 0:
		return &FieldError{Field: name + ".bytes", Problem: "is empty", Allowed: "one byte or more"}
	case a.Kind == AttachmentImage && a.size() != a.Width*a.Height*3:
		return &FieldError{
			Field: name + ".bytes", Value: fmt.Sprintf("%d bytes", a.size()), Problem: "are not width·height·3",
			Allowed: fmt.Sprintf("%d bytes for %d×%d", a.Width*a.Height*3, a.Width, a.Height),
		}
	case a.Undecoded > 0:
		return &FieldError{Field: name + ".bytes", Problem: "is not base64", Allowed: "standard base64 with padding"}
	case a.Kind == AttachmentAudio:
		return a.checkAudio(name, c)
	}
	return nil
}

// checkDimensions checks that width·height·3 is neither zero nor more than any
// request may hold.
func (a *Attachment) checkDimensions(name string) error {
	const most = maxAttachmentBytes / 3
	for _, d := range []struct {
		field string
		value int64
	}{{"width", a.Width}, {"height", a.Height}} {
		if d.value < 1 || d.value > most {
			return &FieldError{
				Field: name + "." + d.field, Value: fmt.Sprint(d.value),
				Allowed: fmt.Sprintf("1 to %d", most),
			}
		}
	}
	return nil
}

// checkAudio checks samples. What rate they should have is known only of a
// backend that takes audio.
func (a *Attachment) checkAudio(name string, c *Capabilities) error {
	const sample = 4
	if len(a.Bytes)%sample != 0 {
		return &FieldError{
			Field: name + ".bytes", Value: fmt.Sprintf("%d bytes", len(a.Bytes)),
			Problem: "are not whole float32 samples", Allowed: "a multiple of 4 bytes",
		}
	}
	if a.SampleRate < 1 || c.Audio && c.AudioSampleRate > 0 && a.SampleRate != int64(c.AudioSampleRate) {
		allowed := "1 or more"
		if c.AudioSampleRate > 0 {
			allowed = fmt.Sprint(c.AudioSampleRate)
		}
		return &FieldError{Field: name + ".sample_rate", Value: fmt.Sprint(a.SampleRate), Problem: "is not the model's", Allowed: allowed}
	}
	return nil
}
