package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// reader walks the syntax tree of one file and collects what is wrong.
type reader struct {
	path    string
	content []byte
	ps      *problems
}

// field is one key that an object may have. Exactly one of set and walk is
// there; neither means that the key is known and refused.
type field struct {
	name string
	set  setter
	walk func(key string, v hujson.Value)
}

// readFile applies the file's content to cfg.
func readFile(path string, content []byte, cfg *Config, ps *problems) {
	root, err := hujson.Parse(content)
	if err != nil {
		line, message := syntax(err)
		ps.add(path, line, "", "not JSON (comments and trailing commas are allowed): %s", message)
		return
	}
	r := &reader{path: path, content: content, ps: ps}
	fields := []field{{name: "backends", walk: func(key string, v hujson.Value) { r.backends(key, v, cfg) }}}
	fields = append(fields, r.settings("", cfg)...)
	for _, name := range notYetTop {
		fields = append(fields, field{name: name})
	}
	r.object("", root, fields)
}

// settings are the fields of the settings table below the prefix.
func (r *reader) settings(prefix string, cfg *Config) []field {
	var fields []field
	for _, s := range settings {
		rest, below := strings.CutPrefix(s.key, prefix)
		if !below {
			continue
		}
		name, _, nested := strings.Cut(rest, ".")
		switch {
		case !nested:
			fields = append(fields, field{name: name, set: s.into(cfg)})
		case !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }):
			fields = append(fields, field{name: name, walk: func(key string, v hujson.Value) {
				r.object(key, v, r.settings(prefix+name+".", cfg))
			}})
		}
	}
	return fields
}

// object applies each member of v to its field, and reports the ones that are
// unknown, refused or there twice.
func (r *reader) object(key string, v hujson.Value, fields []field) (seen map[string]bool) {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be an object", r.show(v))
		return nil
	}
	seen = make(map[string]bool, len(object.Members))
	for _, m := range object.Members {
		name := m.Name.Value.(hujson.Literal).String()
		full := join(key, name)
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		switch {
		case seen[name]:
			r.problem(m.Name, full, "set twice: remove one")
		case at < 0:
			r.problem(m.Name, full, "unknown key; %s", allowedKeys(name, supported(fields)))
		default:
			r.apply(full, m.Value, fields[at])
		}
		seen[name] = true
	}
	return seen
}

func (r *reader) apply(key string, v hujson.Value, f field) {
	switch {
	case f.walk != nil:
		f.walk(key, v)
	case f.set == nil:
		r.problem(v, key, notYetMessage)
	default:
		scalar, ok := scalarOf(v)
		if !ok {
			r.problem(v, key, "%s is not allowed: it must be a single value", r.show(v))
			return
		}
		if err := f.set(scalar); err != nil {
			r.problem(v, key, "%v", err)
		}
	}
}

func (r *reader) problem(at hujson.Value, key, format string, args ...any) {
	line := 1 + bytes.Count(r.content[:at.StartOffset], []byte("\n"))
	r.ps.add(r.path, line, key, format, args...)
}

// show is v for a message.
func (r *reader) show(v hujson.Value) string {
	switch v.Value.Kind() {
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	scalar, _ := scalarOf(v)
	return scalar.show()
}

// scalarOf is v as a scalar; null counts as one that no setter takes.
func scalarOf(v hujson.Value) (value, bool) {
	literal, ok := v.Value.(hujson.Literal)
	if !ok {
		return value{}, false
	}
	kind := byte(literal.Kind())
	if kind == '"' {
		return value{kind: kind, text: literal.String()}, true
	}
	return value{kind: kind, text: string(literal)}, true
}

func supported(fields []field) []string {
	var names []string
	for _, f := range fields {
		if f.set != nil || f.walk != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// allowedKeys says which keys there are, the nearest one first.
func allowedKeys(key string, allowed []string) string {
	list := "allowed: " + oneOf(allowed)
	if near := nearest(key, allowed); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, list)
	}
	return list
}

func join(key, name string) string {
	if len(name) > maxShown {
		name = strings.ToValidUTF8(name[:maxShown], "") + "…"
	}
	if key == "" {
		return name
	}
	return key + "." + name
}

var syntaxForm = regexp.MustCompile(`^hujson: line (\d+), column \d+: `)

// syntax takes the line out of a parser's message.
func syntax(err error) (line int, message string) {
	message = err.Error()
	if m := syntaxForm.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return line, message
}
