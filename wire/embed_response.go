package wire

import (
	"math"
	"strconv"
)

// RequestID is the id of the request that was answered.
func (e *Embeddings) RequestID() string { return e.ID }

// Terminal is true: this is the request's last frame.
func (*Embeddings) Terminal() bool { return true }

// Append writes the frame, newline included, to dst. A number that is not
// finite has no place in it and is written as null; Finite tells beforehand.
func (e *Embeddings) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "embeddings")
	o.text("id", e.ID)
	o.key("embeddings")
	o.dst = append(o.dst, '[')
	for i, vector := range e.Embeddings {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = append(o.dst, '[')
		for j, v := range vector {
			if j > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = appendFloat32(o.dst, v)
		}
		o.dst = append(o.dst, ']')
	}
	o.dst = append(o.dst, ']')
	o.int("dimensions", int64(e.Dimensions))
	o.text("model", e.Model)
	o.inputTokens(e.InputTokens)
	o.text("backend", e.Backend)
	return o.line()
}

// inputTokens writes the usage of a request that generates nothing.
func (o *object) inputTokens(n int) {
	o.key("usage")
	usage := openObject(o.dst)
	usage.int("input_tokens", int64(n))
	o.dst = usage.close()
}

// appendFloat32 writes f in the shortest form that reads back as f.
func appendFloat32(dst []byte, f float32) []byte {
	wide := float64(f)
	if math.IsNaN(wide) || math.IsInf(wide, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(wide); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, wide, format, -1, 32)
}

// Finite reports whether all numbers are.
func Finite(list []float32) bool {
	for _, f := range list {
		if wide := float64(f); math.IsNaN(wide) || math.IsInf(wide, 0) {
			return false
		}
	}
	return true
}

// DecodeEmbedResponse reads a frame from the daemon on the embed surface. The
// error is a *MalformedError.
func DecodeEmbedResponse(frame []byte) (EmbedResponse, error) {
	e := &Embeddings{}
	return decodeAnswer(frame, "embeddings", e, []field{
		{"id", &e.ID},
		{"embeddings", list(&e.Embeddings, func(s *scanner, v *[]float32) error {
			return list(v, func(s *scanner, f *float32) (err error) { *f, err = s.float32(); return err })(s)
		})},
		{"dimensions", &e.Dimensions},
		{"model", &e.Model},
		{"usage", usageInput(&e.InputTokens)},
		{"backend", &e.Backend},
	})
}

// usageInput decodes the usage of a request that generates nothing.
func usageInput(to *int) func(*scanner) error {
	return func(s *scanner) error {
		*to = 0
		if s.word("null") {
			return nil
		}
		return s.fields(field{"input_tokens", to})
	}
}

// float32 consumes a number.
func (s *scanner) float32() (float32, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	f, _ := strconv.ParseFloat(string(text), 32)
	return float32(f), nil
}

// decodeAnswer reads the one answer of a surface, or an error.
func decodeAnswer(frame []byte, name string, answer V1Response, fields []field) (V1Response, error) {
	var kind string
	if err := decodeObject(frame, field{"type", &kind}); err != nil {
		return nil, err
	}
	switch kind {
	case name:
		if err := decodeObject(frame, fields...); err != nil {
			return nil, err
		}
		return answer, nil
	case "error":
		return DecodeV1Response(frame)
	}
	return nil, &MalformedError{Field: "type", Problem: "unknown type " + quoted(kind) + ": allowed are " + name + ", error"}
}
