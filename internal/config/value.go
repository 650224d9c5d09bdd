package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is one scalar from any source. A value from the environment or a flag
// is bare text: it may be read as a string, a number or a truth value.
type value struct {
	kind byte // '"', '0', 't', or 0 for bare text
	text string
}

// isText reports whether v may be read as a string.
func (v value) isText() bool { return v.kind == '"' || v.kind == 0 }

// maxShown bounds how much of a value is repeated in a message.
const maxShown = 80

// show is a value for a message: quoted where it was a string, cut where long.
func (v value) show() string {
	text := v.text
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	if v.isText() {
		return strconv.Quote(text)
	}
	return text
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func checkName(s string) error {
	if !nameForm.MatchString(s) {
		return errors.New("a name is 1 to 128 of A-Z a-z 0-9 . _ -")
	}
	return nil
}

func checkModel(s string) error {
	if s != BuiltinModel && !cleanAbs(s) && !modelName.MatchString(s) {
		return fmt.Errorf("it must be %q, the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file", BuiltinModel)
	}
	return nil
}

func checkProjector(s string) error {
	if !cleanAbs(s) && !modelName.MatchString(s) {
		return errors.New("it must be the name of a model in the store (1 to 128 of A-Za-z0-9._-, the first no dot) or the absolute path of a GGUF file")
	}
	return nil
}

// modelName is what the store allows as a name.
var modelName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$`)

func checkTemplate(s string) error {
	if s == "" || len(s) > maxTemplate {
		return fmt.Errorf("it must be the text of a template, 1 to %d bytes", maxTemplate)
	}
	return nil
}

// checkHome allows what the store takes for its folder.
func checkHome(s string) error {
	if !cleanAbs(s) && !strings.HasPrefix(s, "~/") {
		return errors.New("it must be an absolute path, or begin with ~/")
	}
	return nil
}

func checkPath(s string) error {
	if !cleanAbs(s) {
		return errors.New("it must be an absolute path")
	}
	return nil
}

func cleanAbs(s string) bool {
	return filepath.IsAbs(s) && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

func checkAdmin(s string) error { return checkAdminOn(runtime.GOOS, s) }

// checkAdminOn allows what the system can bind a socket to.
func checkAdminOn(goos, s string) error {
	if goos == "windows" {
		rest, ok := strings.CutPrefix(s, pipePrefix)
		if !ok || rest == "" || strings.Contains(rest, `\`) {
			return fmt.Errorf(`it must be the name of a pipe: %s and a name without backslashes`, pipePrefix)
		}
		return nil
	}
	limit := 107 // of sun_path, without its end
	if goos == "darwin" {
		limit = 103
	}
	if !strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > limit {
		return fmt.Errorf("it must be the absolute path of a Unix socket, of at most %d bytes, in a directory that is yours and that nobody else can write to", limit)
	}
	return nil
}

const pipePrefix = `\\.\pipe\`

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// variable accepts the name of an environment variable. What is not one may be
// the secret itself, so that the message keeps it to itself.
var variable = private(func(s string) error {
	if !variableForm.MatchString(s) {
		return errors.New("it must be the name of an environment variable, 1 to 128 of A-Z a-z 0-9 _ and no digit first, never the secret itself")
	}
	return nil
}, nil)
