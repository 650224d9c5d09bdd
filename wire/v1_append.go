package wire

import "math"

// Append writes the request's frame, newline included, to dst: the messages,
// and the other fields that are set. A number that is not finite is written as
// one beyond every range, so that the daemon refuses the request instead of
// taking a default for what was asked.
func (r *V1Request) Append(dst []byte) []byte {
	o := openObject(dst)
	o.textIf("id", r.ID)
	o.key("messages")
	o.dst = appendMessages(o.dst, r.Messages)
	r.sampling().append(&o, r.Stream)
	o.boolIf("progress", r.Progress)
	return o.line()
}

// appendMessages writes the conversation as an array.
func appendMessages(dst []byte, list []Message) []byte {
	dst = append(dst, '[')
	for i, m := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"role":`...)
		dst = appendString(dst, m.Role)
		dst = append(dst, `,"content":`...)
		dst = appendString(dst, m.Content)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// setting writes an optional number.
func (o *object) setting(k string, v *float64) {
	switch {
	case v == nil:
	case math.IsInf(*v, -1):
		o.key(k)
		o.dst = append(o.dst, "-1e999"...)
	case math.IsInf(*v, 1), math.IsNaN(*v):
		o.key(k)
		o.dst = append(o.dst, "1e999"...)
	default:
		o.float(k, *v)
	}
}

// integer writes an optional integer.
func (o *object) integer(k string, v *int64) {
	if v != nil {
		o.int(k, *v)
	}
}
