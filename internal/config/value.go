package config

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// value is one scalar from any source. A value from the environment or a flag
// is bare text: it may be read as a string, a number or a truth value.
type value struct {
	kind byte // '"', '0', 't', or 0 for bare text
	text string
}

// setter stores a value, or returns an error that says what is allowed.
type setter func(value) error

// maxShown bounds how much of a value is repeated in a message.
const maxShown = 80

// show is a value for a message: quoted where it was a string, cut where long.
func (v value) show() string {
	text := v.text
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	if v.kind == '"' || v.kind == 0 {
		return strconv.Quote(text)
	}
	return text
}

// integer accepts whole numbers from low to high.
func integer(low, high int, store func(int)) setter {
	return func(v value) error {
		n, err := strconv.Atoi(v.text)
		if v.kind == '"' || err != nil || n < low || n > high {
			return fmt.Errorf("%s is not allowed: it must be a whole number from %d to %d", v.show(), low, high)
		}
		store(n)
		return nil
	}
}

// contextSize accepts a number of tokens, or "auto".
func contextSize(store func(int)) setter {
	return func(v value) error {
		if v.text == "auto" {
			store(AutoCtx)
			return nil
		}
		if err := integer(0, maxCtx, store)(v); err != nil {
			return fmt.Errorf("%w, or \"auto\"", err)
		}
		return nil
	}
}

func millisecondsIn(low, high int, store func(time.Duration)) setter {
	return integer(low, high, func(n int) { store(time.Duration(n) * time.Millisecond) })
}

// text accepts strings; check may be nil, and says what is allowed.
func text(check func(string) error, store func(string)) setter {
	return func(v value) error {
		if v.kind != '"' && v.kind != 0 {
			return fmt.Errorf("%s is not allowed: it must be a string", v.show())
		}
		if check != nil {
			if err := check(v.text); err != nil {
				return fmt.Errorf("%s is not allowed: %w", v.show(), err)
			}
		}
		store(v.text)
		return nil
	}
}

// levels are the log levels by their name in the config.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func level(store func(slog.Level)) setter {
	check := func(s string) error {
		if _, ok := levels[s]; !ok {
			return errors.New("it must be one of debug, info, warn, error")
		}
		return nil
	}
	return text(check, func(s string) { store(levels[s]) })
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func checkName(s string) error {
	if !nameForm.MatchString(s) {
		return errors.New("a name is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return nil
}

func checkModel(s string) error {
	if s != BuiltinModel && !cleanAbs(s) && !modelName.MatchString(s) {
		return fmt.Errorf("it must be %q, the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file", BuiltinModel)
	}
	return nil
}

// modelName is what the store allows as a name.
var modelName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$`)

// checkHome allows what the store takes for its folder.
func checkHome(s string) error {
	if !cleanAbs(s) && !strings.HasPrefix(s, "~/") {
		return errors.New("it must be an absolute path, or begin with ~/")
	}
	return nil
}

func checkDir(s string) error {
	if !cleanAbs(s) {
		return errors.New("it must be an absolute path")
	}
	return nil
}

func cleanAbs(s string) bool {
	return filepath.IsAbs(s) && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// boolean accepts true and false.
func boolean(store func(bool) error) setter {
	return func(v value) error {
		if v.kind == '"' || v.text != "true" && v.text != "false" {
			return fmt.Errorf("%s is not allowed: it must be true or false", v.show())
		}
		return store(v.text == "true")
	}
}

// maxDelayMS is an hour: longer than anything that waits for a mock.
const maxDelayMS = 60 * 60 * 1000

// delay accepts milliseconds, also parts of one.
func delay(store func(time.Duration)) setter {
	return func(v value) error {
		ms, err := strconv.ParseFloat(v.text, 64)
		if v.kind == '"' || err != nil || !(ms >= 0 && ms <= maxDelayMS) {
			return fmt.Errorf("%s is not allowed: it must be a number from 0 to %d", v.show(), maxDelayMS)
		}
		store(time.Duration(ms * float64(time.Millisecond)))
		return nil
	}
}
