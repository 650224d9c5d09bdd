package config

import (
	"fmt"
	"slices"

	"github.com/tailscale/hujson"
)

const (
	maxSlots   = 32
	maxCtx     = 1 << 24
	maxLayers  = 100000
	maxThreads = 1024
	maxCache   = 1 << 20 // MiB: a TiB
)

// backends reads the list of backends, and sees to it that names are unique.
func (r *reader) backends(key string, v hujson.Value, cfg *Config) {
	list, ok := v.Value.(*hujson.Array)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be a list of backends", r.show(v))
		return
	}
	if len(list.Elements) == 0 {
		r.problem(v, key, "it must name at least one backend; remove the key to run the built-in model")
	}
	taken := make(map[string]string)
	for i, element := range list.Elements {
		at := fmt.Sprintf("%s[%d]", key, i)
		b := r.backend(at, element)
		if first, twice := taken[b.Name]; twice {
			r.problem(element, at+".name", "%q is the name of %s already: names must be unique", b.Name, first)
		} else if b.Name != "" {
			taken[b.Name] = at
		}
		cfg.Backends = append(cfg.Backends, b)
	}
}

// kinds are the allowed values of kind.
var kinds = []string{string(KindLlamaCPP), string(KindMock)}

// backend reads one entry. Its kind decides which keys it may have, so an
// entry without a known one is reported for that alone.
func (r *reader) backend(key string, v hujson.Value) Backend {
	var b Backend
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.problem(v, key, "%s is not allowed: it must be an object", r.show(v))
		return b
	}
	kind, at, ok := kindOf(object)
	switch {
	case !ok:
		r.problem(v, key+".kind", "missing; allowed: %s", oneOf(kinds))
		return b
	case slices.Contains(notYetKinds, kind.text):
		r.problem(at, key+".kind", "%q is %s; allowed: %s", kind.text, notYetMessage, oneOf(kinds))
		return b
	case kind.kind != '"' || !slices.Contains(kinds, kind.text):
		r.problem(at, key+".kind", "%s is not a kind of backend; %s", kind.show(), allowedKeys(kind.text, kinds))
		return b
	}
	b.Kind = Kind(kind.text)
	fields, required := r.fieldsOf(&b)
	seen := r.object(key, v, fields)
	for _, name := range required {
		if !seen[name] {
			r.problem(v, join(key, name), "missing")
		}
	}
	return b
}

// kindOf finds the kind of an entry before the rest is read.
func kindOf(object *hujson.Object) (kind value, at hujson.Value, ok bool) {
	for _, m := range object.Members {
		if m.Name.Value.(hujson.Literal).String() == "kind" {
			kind, ok = scalarOf(m.Value)
			return kind, m.Value, ok
		}
	}
	return value{}, hujson.Value{}, false
}

// fieldsOf are the keys of b's kind.
func (r *reader) fieldsOf(b *Backend) (fields []field, required []string) {
	fields = []field{
		{name: "kind", set: func(value) error { return nil }},
		{name: "name", set: text(checkName, func(s string) { b.Name = s })},
	}
	if b.Kind == KindMock {
		return append(fields, r.mockFields(&b.Mock)...), []string{"name"}
	}
	c := &b.LlamaCPP
	c.Slots, c.CacheMiB = DefaultSlots, DefaultCacheMiB
	fields = append(fields,
		field{name: "model", set: text(checkModel, func(s string) { c.Model = s })},
		field{name: "n_ctx", set: contextSize(func(n int) { c.NCtx = n })},
		field{name: "n_gpu_layers", set: integer(0, maxLayers, func(n int) { c.NGPULayers = n })},
		field{name: "slots", set: integer(1, maxSlots, func(n int) { c.Slots = n })},
		field{name: "threads", set: integer(0, maxThreads, func(n int) { c.Threads = n })},
		field{name: "cache_mib", set: integer(0, maxCache, func(n int) { c.CacheMiB = n })},
	)
	for _, name := range notYetLlamaCPP {
		fields = append(fields, field{name: name})
	}
	return fields, []string{"name", "model"}
}
