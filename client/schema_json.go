package client

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// encode writes the schema; properties keep the order of the fields, in which
// the model is to write them.
func (s *schema) encode() []byte { return s.append(nil) }

func (s *schema) append(dst []byte) []byte {
	dst = append(dst, '{')
	add := func(name string) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, '"', ':')
	}
	value := func(name string, v any) {
		add(name)
		dst = append(dst, marshal(v)...)
	}
	switch {
	case s.kind == "":
	case s.nullable:
		value("type", []string{s.kind, "null"})
	default:
		value("type", s.kind)
	}
	if s.description != "" {
		value("description", s.description)
	}
	if s.format != "" {
		value("format", s.format)
	}
	if s.minimum != nil {
		value("minimum", *s.minimum)
	}
	if len(s.enum) > 0 {
		value("enum", s.allowed())
	}
	if s.items != nil {
		add("items")
		dst = s.items.append(dst)
	}
	if s.length != nil {
		value("minItems", *s.length)
		value("maxItems", *s.length)
	}
	if s.kind == "object" {
		dst = s.appendProperties(dst)
	}
	return append(dst, '}')
}

// appendProperties writes what an object may hold.
func (s *schema) appendProperties(dst []byte) []byte {
	if s.values != nil {
		dst = append(dst, `,"additionalProperties":`...)
		return s.values.append(dst)
	}
	dst = append(dst, `,"properties":{`...)
	required := []string{}
	for i, f := range s.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, marshal(f.name)...)
		dst = append(dst, ':')
		dst = f.of.append(dst)
		if f.required {
			required = append(required, f.name)
		}
	}
	dst = append(dst, `},"required":`...)
	dst = append(dst, marshal(required)...)
	return append(dst, `,"additionalProperties":false`...)
}

// allowed are the values of an enum.
func (s *schema) allowed() []any {
	var all []any
	for _, v := range s.enum {
		all = append(all, v)
	}
	if s.nullable {
		all = append(all, nil)
	}
	return all
}

// marshal writes a value that always can be written.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

// check compares a decoded value with the schema, where encoding/json did not:
// the JSON types are right by now.
func (s *schema) check(at string, v any) error {
	if v == nil {
		if s.nullable || s.kind == "" {
			return nil
		}
		return fmt.Errorf("%s is null, which it may not be", named(at))
	}
	switch v := v.(type) {
	case string:
		if len(s.enum) > 0 && !slices.Contains(s.enum, v) {
			return fmt.Errorf("%s is none of %q", named(at), s.enum)
		}
	case []any:
		return s.checkList(at, v)
	case map[string]any:
		return s.checkObject(at, v)
	}
	return nil
}

func (s *schema) checkList(at string, list []any) error {
	if s.items == nil {
		return nil
	}
	if s.length != nil && len(list) != *s.length {
		return fmt.Errorf("%s has %d elements: allowed are %d", named(at), len(list), *s.length)
	}
	for i, v := range list {
		if err := s.items.check(at+"["+strconv.Itoa(i)+"]", v); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkObject(at string, object map[string]any) error {
	if s.values != nil {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if err := s.values.check(at+"."+name, object[name]); err != nil {
				return err
			}
		}
		return nil
	}
	left := len(object)
	for _, f := range s.fields {
		v, ok := object[f.name]
		switch {
		case ok:
			left--
			if err := f.of.check(at+"."+f.name, v); err != nil {
				return err
			}
		case f.required:
			return fmt.Errorf("%s is missing", named(at+"."+f.name))
		}
	}
	if left > 0 && s.kind != "" {
		// encoding/json takes NAME for name.
		return fmt.Errorf("%s has fields that are spelt in another way", named(at))
	}
	return nil
}

// named is a place in a value for people.
func named(at string) string {
	if at == "" {
		return "the value"
	}
	if at[0] == '.' {
		at = at[1:]
	}
	return at
}
