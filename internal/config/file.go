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
	origins map[string]Origin
	models  *[]Model
	ps      *problems
}

// readFile applies the file's content to cfg.
func readFile(path string, content []byte, cfg *Config, ps *problems) {
	root, err := hujson.Parse(content)
	if err != nil {
		line, message := syntax(err)
		ps.add(path, line, "", "not JSON (comments and trailing commas are allowed): %s", message)
		return
	}
	r := &reader{path: path, content: content, origins: cfg.Origins, models: &cfg.Models, ps: ps}
	fields := []field{{name: "model", walk: readModel}, {name: "backends", walk: cfg.readBackends}}
	r.object("", root, append(fields, settingFields("", cfg)...))
	cfg.Listen.check(r)
	r.checkModels()
	if other, both := cfg.Origins["model"]; both && cfg.Origins["backends"] != (Origin{}) {
		r.problemAt("backends", "not allowed beside model (line %d): remove one of the two", other.Line)
	}
}

// settingFields are the fields of the settings table below the prefix.
func settingFields(prefix string, cfg *Config) []field {
	var fields []field
	for _, s := range settings {
		rest, below := strings.CutPrefix(s.key, prefix)
		if !below {
			continue
		}
		name, _, nested := strings.Cut(rest, ".")
		switch {
		case !nested:
			fields = append(fields, s.field(cfg))
		case !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }):
			fields = append(fields, field{name: name, walk: func(r *reader, key string, v hujson.Value) {
				r.object(key, v, settingFields(prefix+name+".", cfg))
			}})
		}
	}
	return fields
}

// object applies each member of v to its field, and reports the ones that are
// unknown or there twice. One that is null counts as not there: that is how
// other programs write what is not set. seen are those that are there.
func (r *reader) object(key string, v hujson.Value, fields []field) (seen map[string]bool) {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be an object", r.show(v))
		return nil
	}
	seen = make(map[string]bool, len(object.Members))
	named := make(map[string]bool, len(object.Members))
	for _, m := range object.Members {
		name := m.Name.Value.(hujson.Literal).String()
		full := join(key, name)
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		switch {
		case named[name]:
			r.problem(m.Name, full, "set twice: remove one")
		case at < 0:
			r.problem(m.Name, full, "unknown key; %s", allowedKeys(name, namesOf(fields)))
		case m.Value.Value.Kind() != 'n':
			r.apply(full, m.Value, fields[at])
			seen[name] = true
		}
		named[name] = true
	}
	return seen
}

// required is object where some keys must be there.
func (r *reader) required(key string, v hujson.Value, fields []field, names ...string) (seen map[string]bool) {
	seen = r.object(key, v, fields)
	for _, name := range names {
		if seen != nil && !seen[name] {
			r.problem(v, join(key, name), "missing")
		}
	}
	return seen
}

// list returns the elements of v where it is a list of the wanted.
func (r *reader) list(key string, v hujson.Value, wanted string) ([]hujson.Value, bool) {
	list, ok := v.Value.(*hujson.Array)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be %s", r.show(v), wanted)
		return nil, false
	}
	return list.Elements, true
}

func (r *reader) apply(key string, v hujson.Value, f field) {
	r.origins[key] = Origin{Kind: FromFile, Name: r.path, Line: r.line(v)}
	scalar, ok := scalarOf(v)
	if f.walk != nil && (f.set == nil || !ok && v.Value.Kind() == '{') {
		f.walk(r, key, v)
		return
	}
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be a single value", r.show(v))
		return
	}
	if err := f.set(scalar); err != nil {
		r.problem(v, key, "%v", err)
	}
}

func (r *reader) line(at hujson.Value) int {
	return 1 + bytes.Count(r.content[:at.StartOffset], []byte("\n"))
}

func (r *reader) problem(at hujson.Value, key, format string, args ...any) {
	r.ps.add(r.path, r.line(at), key, format, args...)
}

// problemAt is a problem of a key that was read before.
func (r *reader) problemAt(key, format string, args ...any) {
	r.ps.add(r.path, r.origins[key].Line, key, format, args...)
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

// scalarOf is v as a scalar; null counts as one that no field takes.
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

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
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
