package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// unbuilt are the values that are valid, since files of the family have them,
// but that nothing in this version acts on yet. To start in spite of one would
// be something other than what was asked for. Whoever builds one of them
// removes its row.
//
// A row with only allows that one value of its key, a row with never allows
// all but that one. Lists are meant without their indices.
var unbuilt = []struct {
	key         string
	only, never any
	what        string
}{
	{key: "listen.tcp", only: "", what: "a TCP listener"},
	{key: "listen.tcp_v2", only: "", what: "a TCP listener"},
	{key: "listen.tcp_embed", only: "", what: "a TCP listener"},
	{key: "backends.kind", never: string(KindOpenAI), what: "a backend of this kind"},
	{key: "backends.kind", never: string(KindBedrock), what: "a backend of this kind"},
	{key: "backends.mmproj", only: "", what: "image and audio input"},
	{key: "backends.chat_template", only: "", what: "a chat template of one's own"},
}

// Unbuilt is an *Error with every value that is valid, but that a daemon of
// this version can't run with; nil where there is none.
func (c Config) Unbuilt() error {
	var ps problems
	for _, e := range c.Entries() {
		if c.isMocks(e.Key) {
			continue // it can do all that there are keys for
		}
		key := index.ReplaceAllString(e.Key, "")
		for _, row := range unbuilt {
			asked := row.never != nil && reflect.DeepEqual(e.Value, row.never) ||
				row.only != nil && !reflect.DeepEqual(e.Value, row.only)
			if row.key == key && asked {
				ps.origin(e.Origin, e.Key, "%s: valid, but this version has not built %s yet", shown(e.Value), row.what)
			}
		}
	}
	return ps.err()
}

// isMocks reports whether a key is one of a mock backend.
func (c Config) isMocks(key string) bool {
	for i, b := range c.Backends {
		if b.Kind == KindMock && strings.HasPrefix(key, fmt.Sprintf("backends[%d].", i)) {
			return true
		}
	}
	return false
}

var index = regexp.MustCompile(`\[\d+\]`)

// shown is the value of an Entry for a message.
func shown(v any) string {
	if s, ok := v.(string); ok {
		return value{kind: '"', text: s}.show()
	}
	return fmt.Sprint(v)
}

// origin adds a problem of a value whose origin is known.
func (ps *problems) origin(o Origin, key, format string, args ...any) {
	switch o.Kind {
	case FromFile:
		ps.add(o.Name, o.Line, key, format, args...)
	case FromEnvironment:
		ps.add("environment variable "+o.Name, 0, key, format, args...)
	default:
		ps.add(o.String(), 0, key, format, args...)
	}
}
