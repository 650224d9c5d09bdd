// Package canon writes JSON in one way, whatever way it came: members in the
// order in which they came, of equal names the last value at the first's place,
// no escapes but those that JSON demands, numbers as they were written. Equal
// calls then make equal tokens, which is what a prefix cache compares.
package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// kind tells values apart.
type kind uint8

const (
	literal kind = iota // null, true, false, or a number
	text
	array
	object
)

// Value is a JSON value that keeps the order of its members.
type Value struct {
	kind  kind
	text  string   // a literal as it was written, or a string's characters
	names []string // of an object's items
	items []Value
}

var errJSON = errors.New("not valid JSON")

// Parse reads one JSON value. Half of a surrogate pair, which is no character,
// becomes U+FFFD.
func Parse(raw []byte) (Value, error) {
	// Valid bounds the nesting, and with it the depth of read.
	if !json.Valid(raw) {
		return Value{}, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		return Value{}, fmt.Errorf("read JSON: %w", err)
	}
	return read(d, t)
}

func read(d *json.Decoder, t json.Token) (Value, error) {
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return readArray(d)
		}
		return readObject(d)
	case string:
		return Value{kind: text, text: t}, nil
	case json.Number:
		return Value{text: t.String()}, nil
	case bool:
		if t {
			return Value{text: "true"}, nil
		}
		return Value{text: "false"}, nil
	}
	return Value{text: "null"}, nil
}

func readArray(d *json.Decoder) (Value, error) {
	v := Value{kind: array}
	for d.More() {
		item, err := next(d)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	_, err := d.Token()
	return v, err
}

func readObject(d *json.Decoder) (Value, error) {
	v := Value{kind: object}
	place := map[string]int{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return v, err
		}
		item, err := next(d)
		if err != nil {
			return v, err
		}
		at, twice := place[name.(string)]
		if twice {
			v.items[at] = item
			continue
		}
		place[name.(string)] = len(v.items)
		v.names = append(v.names, name.(string))
		v.items = append(v.items, item)
	}
	_, err := d.Token()
	return v, err
}

func next(d *json.Decoder) (Value, error) {
	t, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	return read(d, t)
}

// IsObject reports whether v is an object.
func (v Value) IsObject() bool { return v.kind == object }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == literal && v.text == "null" }

// Text is v's characters, where it is a string.
func (v Value) Text() (string, bool) { return v.text, v.kind == text }

// Member is an object's member of that name.
func (v Value) Member(name string) (Value, bool) {
	for i, n := range v.names {
		if n == name {
			return v.items[i], true
		}
	}
	return Value{}, false
}

// Compact writes v without any white space.
func (v Value) Compact() []byte { return v.append(nil, ",", ":") }

// Spaced writes v as chat templates do: a space after each comma and colon.
func (v Value) Spaced() string { return string(v.append(nil, ", ", ": ")) }

func (v Value) append(dst []byte, comma, colon string) []byte {
	switch v.kind {
	case literal:
		return append(dst, v.text...)
	case text:
		return appendText(dst, v.text)
	case array:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, comma...)
			}
			dst = item.append(dst, comma, colon)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, item := range v.items {
		if i > 0 {
			dst = append(dst, comma...)
		}
		dst = append(appendText(dst, v.names[i]), colon...)
		dst = item.append(dst, comma, colon)
	}
	return append(dst, '}')
}

// short are the escapes that have a letter.
var short = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

// appendText writes s with the escapes that JSON demands and no others.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, b := range []byte(short.Replace(s)) {
		if b < 0x20 {
			dst = fmt.Appendf(dst, `\u%04x`, b)
			continue
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// Text writes s as a JSON string.
func Text(s string) string { return string(appendText(nil, s)) }
