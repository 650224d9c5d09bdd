package wire

import (
	"errors"
	"fmt"
)

// field says where the value of one key goes: to is a pointer to a string,
// bool or number, a pointer to a pointer to one, which stays nil where the
// field is absent, or a func(*scanner) error that consumes the value itself.
type field struct {
	key string
	to  any
}

// decodeObject reads a frame that is one object with these fields. Its errors
// are *MalformedError.
func decodeObject(frame []byte, fields ...field) error {
	s, err := newScanner(frame)
	if err == nil {
		err = s.frame(fields...)
	}
	if wrong, ok := errors.AsType[syntaxError](err); ok {
		return &MalformedError{Problem: string(wrong)}
	}
	return err
}

// frame reads the whole text as one object.
func (s *scanner) frame(fields ...field) error {
	if s.peek() != '{' {
		if err := s.skip(); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		return &MalformedError{Problem: "not a JSON object"}
	}
	if err := s.fields(fields...); err != nil {
		return err
	}
	return s.end()
}

// fields consumes an object with these fields. Other keys are ignored, keys
// match exactly, the last of equal keys counts, and null means absent, except
// to a func.
func (s *scanner) fields(fields ...field) error {
	return s.object(func(key []byte) error {
		for i := range fields {
			if fields[i].key == string(key) {
				return within(fields[i].key, s.store(fields[i].to))
			}
		}
		return s.skip()
	})
}

// within puts name in front of where a MalformedError is.
func within(name string, err error) error {
	wrong, ok := errors.AsType[*MalformedError](err)
	if !ok {
		return err
	}
	switch {
	case wrong.Field == "":
		wrong.Field = name
	case wrong.Field[0] == '[':
		wrong.Field = name + wrong.Field
	default:
		wrong.Field = name + "." + wrong.Field
	}
	return wrong
}

// withinIndex puts an array's index in front of where a MalformedError is.
func withinIndex(i int, err error) error {
	if err == nil {
		return nil
	}
	return within(fmt.Sprintf("[%d]", i), err)
}

// store consumes a value into to.
func (s *scanner) store(to any) error {
	if each, ok := to.(func(*scanner) error); ok {
		return each(s)
	}
	null := s.word("null")
	switch to := to.(type) {
	case *string:
		return value(s, null, to, (*scanner).text)
	case *bool:
		return value(s, null, to, (*scanner).boolean)
	case *int:
		return value(s, null, to, integer[int])
	case *int64:
		return value(s, null, to, integer[int64])
	case *uint64:
		return value(s, null, to, unsigned[uint64])
	case *float64:
		return value(s, null, to, (*scanner).float)
	case **string:
		return optional(s, null, to, (*scanner).text)
	case **bool:
		return optional(s, null, to, (*scanner).boolean)
	case **int64:
		return optional(s, null, to, integer[int64])
	case **uint32:
		return optional(s, null, to, unsigned[uint32])
	case **float64:
		return optional(s, null, to, (*scanner).float)
	}
	panic(fmt.Sprintf("wire: a field can't be decoded into a %T", to))
}

// value reads into *to; null makes it zero.
func value[T any](s *scanner, null bool, to *T, read func(*scanner) (T, error)) (err error) {
	if null {
		*to = *new(T)
		return nil
	}
	*to, err = read(s)
	return err
}

// optional reads into a new T; null makes *to nil.
func optional[T any](s *scanner, null bool, to **T, read func(*scanner) (T, error)) error {
	if null {
		*to = nil
		return nil
	}
	v, err := read(s)
	*to = &v
	return err
}

// inner decodes an object into *to; null makes it zero.
func inner[T any](to *T, fields func(*T) []field) func(*scanner) error {
	return func(s *scanner) error {
		*to = *new(T)
		if s.word("null") {
			return nil
		}
		return s.fields(fields(to)...)
	}
}

// optionalInner decodes an object into a new T; null makes *to nil.
func optionalInner[T any](to **T, fields func(*T) []field) func(*scanner) error {
	return func(s *scanner) error {
		*to = nil
		if s.word("null") {
			return nil
		}
		*to = new(T)
		return s.fields(fields(*to)...)
	}
}

// list decodes an array; null and an empty one make *to nil.
func list[T any](to *[]T, one func(*scanner, *T) error) func(*scanner) error {
	return func(s *scanner) error {
		*to = nil
		if s.word("null") {
			return nil
		}
		return s.array(func(i int) error {
			*to = append(*to, *new(T))
			return withinIndex(i, one(s, &(*to)[i]))
		})
	}
}
