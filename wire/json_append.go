package wire

import (
	"math"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Everything that needs no escape is
// written as it is; invalid UTF-8 becomes U+FFFD, so that a frame is valid
// whatever it is made from.
func appendString[T ~string](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0 // s[from:i] is ready to be copied
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(string(s[i:]))
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[from:i]...)
				dst = utf8.AppendRune(dst, utf8.RuneError)
				from = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, c)
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// appendEscape writes one byte that JSON does not allow in a string.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendFloat writes f in the shortest form that reads back as f. The caller
// has seen to it that f is finite.
func appendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}

// object writes a JSON object field by field. Keys are written as they are.
type object struct {
	dst   []byte
	comma bool
}

// openObject begins an object at the end of dst.
func openObject(dst []byte) object { return object{dst: append(dst, '{')} }

// close ends an object inside another.
func (o *object) close() []byte { return append(o.dst, '}') }

// line ends an object that is a frame.
func (o *object) line() []byte { return append(o.dst, '}', '\n') }

func (o *object) key(k string) {
	if o.comma {
		o.dst = append(o.dst, ',')
	}
	o.comma = true
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, k...)
	o.dst = append(o.dst, '"', ':')
}

func (o *object) text(k, v string) {
	o.key(k)
	o.dst = appendString(o.dst, v)
}

// textIf writes the field unless it is empty.
func (o *object) textIf(k, v string) {
	if v != "" {
		o.text(k, v)
	}
}

func (o *object) bool(k string, v bool) {
	o.key(k)
	o.dst = strconv.AppendBool(o.dst, v)
}

// boolIf writes the field where it is true.
func (o *object) boolIf(k string, v bool) {
	if v {
		o.bool(k, v)
	}
}

func (o *object) int(k string, v int64) {
	o.key(k)
	o.dst = strconv.AppendInt(o.dst, v, 10)
}

// intIf writes the field unless it is 0.
func (o *object) intIf(k string, v int64) {
	if v != 0 {
		o.int(k, v)
	}
}

func (o *object) uint(k string, v uint64) {
	o.key(k)
	o.dst = strconv.AppendUint(o.dst, v, 10)
}

// float writes a measurement. One that is not a number says so by null.
func (o *object) float(k string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		o.null(k)
		return
	}
	o.key(k)
	o.dst = appendFloat(o.dst, v)
}

func (o *object) null(k string) {
	o.key(k)
	o.dst = append(o.dst, "null"...)
}

// texts writes an array of strings.
func (o *object) texts(k string, list []string) {
	o.key(k)
	o.dst = append(o.dst, '[')
	for i, v := range list {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = appendString(o.dst, v)
	}
	o.dst = append(o.dst, ']')
}
