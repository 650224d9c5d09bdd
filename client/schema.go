package client

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// schema is the part of JSON Schema that Go types need.
type schema struct {
	kind        string // the JSON type; empty is any
	nullable    bool
	format      string
	minimum     *int64
	description string
	enum        []string
	items       *schema // array
	length      *int    // array: exactly so many
	values      *schema // object: of any name
	fields      []schemaField
}

// schemaField is a property of an object.
type schemaField struct {
	name     string
	of       *schema
	required bool
}

// schemaOf is the schema of T.
func schemaOf[T any]() (*schema, error) {
	t := reflect.TypeFor[T]()
	s, err := typeSchema(t, nil)
	if err != nil {
		return nil, fmt.Errorf("make a schema of %s: %w", t, err)
	}
	return s, nil
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	numberType    = reflect.TypeFor[json.Number]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	decoderType   = reflect.TypeFor[json.Unmarshaler]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
)

// typeSchema is the schema of t, which is inside of the types around.
func typeSchema(t reflect.Type, around []reflect.Type) (*schema, error) {
	if slices.Contains(around, t) {
		return nil, fmt.Errorf("%s holds itself", t)
	}
	around = append(slices.Clip(around), t)
	switch {
	case t == timeType:
		return &schema{kind: "string", format: "date-time"}, nil
	case t == rawType:
		return &schema{}, nil
	case t == numberType:
		return &schema{kind: "number"}, nil
	case t.Kind() == reflect.Pointer:
		s, err := typeSchema(t.Elem(), around)
		if err == nil {
			s.nullable = true
		}
		return s, err
	case implements(t, marshalerType), implements(t, decoderType):
		return nil, fmt.Errorf("%s writes its own JSON, which no schema is known of", t)
	case implements(t, textType):
		return &schema{kind: "string"}, nil
	}
	return plainSchema(t, around)
}

func implements(t, what reflect.Type) bool {
	return t.Kind() != reflect.Interface && (t.Implements(what) || reflect.PointerTo(t).Implements(what))
}

// plainSchema is the schema of a type that encoding/json writes by its kind.
func plainSchema(t reflect.Type, around []reflect.Type) (*schema, error) {
	switch t.Kind() {
	case reflect.Bool:
		return &schema{kind: "boolean"}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &schema{kind: "integer"}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &schema{kind: "integer", minimum: new(int64)}, nil
	case reflect.Float32, reflect.Float64:
		return &schema{kind: "number"}, nil
	case reflect.String:
		return &schema{kind: "string"}, nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return &schema{}, nil
		}
	case reflect.Slice, reflect.Array:
		return listSchema(t, around)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			values, err := typeSchema(t.Elem(), around)
			return &schema{kind: "object", values: values}, err
		}
	case reflect.Struct:
		s := &schema{kind: "object"}
		return s, s.addFields(t, around)
	}
	return nil, fmt.Errorf("JSON has no form for %s", t)
}

func listSchema(t reflect.Type, around []reflect.Type) (*schema, error) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("%s is base64 in JSON, which is nothing for a model to write", t)
	}
	items, err := typeSchema(t.Elem(), around)
	if err != nil {
		return nil, err
	}
	s := &schema{kind: "array", items: items}
	if t.Kind() == reflect.Array {
		n := t.Len()
		s.length = &n
	}
	return s, nil
}

// addFields adds the fields of a struct, those of embedded structs included.
func (s *schema) addFields(t reflect.Type, around []reflect.Type) error {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			if err := s.addFields(f.Type, append(slices.Clip(around), f.Type)); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() || name == "-" && options == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		of, err := fieldSchema(f, options, around)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		if slices.ContainsFunc(s.fields, func(have schemaField) bool { return strings.EqualFold(have.name, name) }) {
			return fmt.Errorf("field %s: there are two with the name %q", f.Name, name)
		}
		optional := slices.ContainsFunc(strings.Split(options, ","), func(o string) bool { return o == "omitempty" || o == "omitzero" })
		s.fields = append(s.fields, schemaField{name, of, !optional})
	}
	return nil
}

func fieldSchema(f reflect.StructField, options string, around []reflect.Type) (*schema, error) {
	if slices.Contains(strings.Split(options, ","), "string") {
		return nil, fmt.Errorf("the json option string is not supported")
	}
	of, err := typeSchema(f.Type, around)
	if err != nil {
		return nil, err
	}
	of.description = f.Tag.Get("description")
	if list := f.Tag.Get("enum"); list != "" {
		if of.kind != "string" {
			return nil, fmt.Errorf("the tag enum is for strings, this is of JSON type %q", of.kind)
		}
		of.enum = strings.Split(list, ",")
	}
	return of, nil
}
