package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscale/hujson"
)

// form is how the values of one kind are read, and shown again.
type form[T any] struct {
	// parse returns a value, or an error that says what is allowed.
	parse func(value) (T, error)
	// show is a value as the file would have it; nil is the value itself.
	show func(T) any
}

// field is one key that an object may have. It has set, or walk, or both where
// it may be a scalar or an object.
type field struct {
	name string
	// set stores a scalar, or returns an error that says what is allowed.
	set func(value) error
	// get is the value as the file would have it; nil for objects.
	get func() any
	// walk reads an object or a list.
	walk func(r *reader, key string, v hujson.Value)
	// list adds the fields of a list of objects, by their full key.
	list func(key string, add func(key string, f field))
}

// bind is the field of a value.
func bind[T any](name string, to *T, f form[T]) field {
	return field{
		name: name,
		set: func(v value) error {
			parsed, err := f.parse(v)
			if err == nil {
				*to = parsed
			}
			return err
		},
		get: func() any {
			if f.show == nil {
				return *to
			}
			return f.show(*to)
		},
	}
}

// whole accepts whole numbers from low to high.
func whole(low, high int) form[int] {
	return form[int]{parse: func(v value) (int, error) {
		n, err := strconv.Atoi(v.text)
		if v.kind == '"' || err != nil || n < low || n > high {
			return 0, fmt.Errorf("%s is not allowed: it must be a whole number from %d to %d", v.show(), low, high)
		}
		return n, nil
	}}
}

// layers accepts a number of layers, or AllLayers.
var layers = whole(AllLayers, maxLayers)

// auto stands for AutoCtx in the file.
const auto = "auto"

// contextSize accepts tokens, or auto.
var contextSize = form[int]{
	parse: func(v value) (int, error) {
		if v.isText() && v.text == auto {
			return AutoCtx, nil
		}
		n, err := whole(0, maxCtx).parse(v)
		if err != nil {
			return 0, fmt.Errorf("%w, or %q", err, auto)
		}
		return n, nil
	},
	show: func(n int) any {
		if n == AutoCtx {
			return auto
		}
		return n
	},
}

// number accepts numbers from low to high, also parts of one.
func number(low, high float64) form[float64] {
	return form[float64]{parse: func(v value) (float64, error) {
		n, err := strconv.ParseFloat(v.text, 64)
		if v.kind == '"' || err != nil || !(n >= low && n <= high) {
			return 0, fmt.Errorf("%s is not allowed: it must be a number from %s to %s", v.show(), plain(low), plain(high))
		}
		return n, nil
	}}
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// milliseconds accepts whole milliseconds up to a limit.
func milliseconds(high int) form[time.Duration] {
	return form[time.Duration]{
		parse: func(v value) (time.Duration, error) {
			n, err := whole(0, high).parse(v)
			return time.Duration(n) * time.Millisecond, err
		},
		show: func(d time.Duration) any { return d.Milliseconds() },
	}
}

// maxDelayMS is an hour: longer than anything that waits for a mock.
const maxDelayMS = 60 * 60 * 1000

// delay accepts milliseconds, also parts of one.
var delay = form[time.Duration]{
	parse: func(v value) (time.Duration, error) {
		ms, err := number(0, maxDelayMS).parse(v)
		return time.Duration(ms * float64(time.Millisecond)), err
	},
	show: func(d time.Duration) any { return float64(d) / float64(time.Millisecond) },
}

// seconds accepts whole seconds from 1 to a day.
var seconds = form[time.Duration]{
	parse: func(v value) (time.Duration, error) {
		n, err := whole(1, 24*60*60).parse(v)
		return time.Duration(n) * time.Second, err
	},
	show: func(d time.Duration) any { return int64(d / time.Second) },
}

// truth accepts true and false.
var truth = form[bool]{parse: func(v value) (bool, error) {
	if v.kind == '"' || v.text != "true" && v.text != "false" {
		return false, fmt.Errorf("%s is not allowed: it must be true or false", v.show())
	}
	return v.text == "true", nil
}}

// text accepts strings; check may be nil, and says what is allowed.
func text(check func(string) error) form[string] {
	return form[string]{parse: func(v value) (string, error) {
		if !v.isText() {
			return "", fmt.Errorf("%s is not allowed: it must be a string", v.show())
		}
		if check != nil {
			if err := check(v.text); err != nil {
				return "", fmt.Errorf("%s is not allowed: %w", v.show(), err)
			}
		}
		return v.text, nil
	}}
}

// private accepts strings that may be a secret by mistake, so that no message
// repeats one.
func private(check func(string) error, show func(string) any) form[string] {
	return form[string]{show: show, parse: func(v value) (string, error) {
		if !v.isText() {
			return "", fmt.Errorf("%s is not allowed: it must be a string", v.show())
		}
		return v.text, check(v.text)
	}}
}

// word accepts one of a few words.
func word(allowed []string) form[string] {
	return text(func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("it must be one of %s", oneOf(allowed))
		}
		return nil
	})
}

// pooling accepts one of Poolings, or its number.
var pooling = form[string]{parse: func(v value) (string, error) {
	if n, err := strconv.Atoi(v.text); err == nil && v.kind != '"' && n >= 0 && n < len(Poolings) {
		return Poolings[n], nil
	}
	if v.isText() && slices.Contains(Poolings, v.text) {
		return v.text, nil
	}
	return "", fmt.Errorf("%s is not allowed: it must be one of %s, or its number from 0", v.show(), strings.Join(Poolings, ", "))
}}

// levels are the log levels by their name in the config.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// level accepts the name of a log level.
var level = form[slog.Level]{
	parse: func(v value) (slog.Level, error) {
		s, err := text(func(s string) error {
			if _, ok := levels[s]; !ok {
				return errors.New("it must be one of debug, info, warn, error")
			}
			return nil
		}).parse(v)
		return levels[s], err
	},
	show: func(l slog.Level) any { return strings.ToLower(l.String()) },
}

// texts reads a list of strings.
func texts(name string, to *[]string) field {
	return field{
		name: name,
		get:  func() any { return *to },
		walk: func(r *reader, key string, v hujson.Value) {
			elements, ok := r.list(key, v, "a list of strings")
			if !ok {
				return
			}
			*to = make([]string, len(elements))
			for i, element := range elements {
				r.apply(fmt.Sprintf("%s[%d]", key, i), element, bind("", &(*to)[i], text(nil)))
			}
		},
	}
}
