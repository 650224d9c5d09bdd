package config

import (
	"fmt"
	"slices"

	"github.com/tailscale/hujson"
)

// readBackends reads the list of backends, and sees to it that names are unique.
func (c *Config) readBackends(r *reader, key string, v hujson.Value) {
	elements, ok := r.list(key, v, "a list of backends")
	if !ok {
		return
	}
	if len(elements) == 0 {
		r.problem(v, key, "it must name at least one backend; remove the key to run the built-in model")
	}
	taken := make(map[string]string)
	for i, element := range elements {
		at := fmt.Sprintf("%s[%d]", key, i)
		b := r.backend(at, element)
		if first, twice := taken[b.Name]; twice {
			r.problem(element, at+".name", "%q is the name of %s already: names must be unique", b.Name, first)
		} else if b.Name != "" {
			taken[b.Name] = at
		}
		c.Backends = append(c.Backends, b)
	}
}

// kinds are the allowed values of kind.
var kinds = []string{string(KindLlamaCPP), string(KindMock), string(KindOpenAI), string(KindBedrock)}

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
	case kind.kind != '"' || !slices.Contains(kinds, kind.text):
		r.problem(at, key+".kind", "%s is not a kind of backend; %s", kind.show(), allowedKeys(kind.text, kinds))
		return b
	}
	b = newBackend(Kind(kind.text))
	r.required(key, v, b.fields(), b.required()...)
	switch b.Kind {
	case KindLlamaCPP:
		b.LlamaCPP.check(r, key)
	case KindMock:
		b.Mock.check(r, key)
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

// newBackend is a backend of the kind with all its defaults.
func newBackend(kind Kind) Backend {
	b := Backend{Kind: kind}
	switch kind {
	case KindLlamaCPP:
		b.LlamaCPP = defaultLlamaCPP()
	case KindOpenAI:
		b.OpenAI.Timeout = DefaultTimeout
	case KindBedrock:
		b.Bedrock.Timeout = DefaultTimeout
	}
	return b
}

// fields are the keys of b's kind.
func (b *Backend) fields() []field {
	fields := []field{
		{name: "kind", set: func(value) error { return nil }, get: func() any { return string(b.Kind) }},
		bind("name", &b.Name, text(checkName)),
	}
	switch b.Kind {
	case KindLlamaCPP:
		return append(fields, b.LlamaCPP.fields()...)
	case KindOpenAI:
		return append(fields, b.OpenAI.fields()...)
	case KindBedrock:
		return append(fields, b.Bedrock.fields()...)
	}
	return append(fields, b.Mock.fields()...)
}

// required are the keys that a backend of b's kind can't do without.
func (b *Backend) required() []string {
	switch b.Kind {
	case KindLlamaCPP:
		return []string{"name", "model"}
	case KindOpenAI:
		return []string{"name", "base_url", "model"}
	case KindBedrock:
		return []string{"name", "region", "model_id"}
	}
	return []string{"name"}
}

// complete fills in what follows from the rest, once file and environment are
// read: the backend of a configuration that names none, and what backends have
// in common.
func (c *Config) complete() {
	if len(c.Backends) == 0 {
		c.Backends = []Backend{c.onlyBackend()}
	}
	for i := range c.Backends {
		if c.Backends[i].Kind != KindLlamaCPP {
			continue
		}
		b := &c.Backends[i].LlamaCPP
		c.inherit("n_ctx", i, &b.NCtx, c.NCtx)
		c.inherit("n_gpu_layers", i, &b.NGPULayers, c.NGPULayers)
	}
}

// inherit gives the value at the top to a backend that names none of its own.
func (c *Config) inherit(key string, i int, to *int, from int) {
	own := fmt.Sprintf("backends[%d].%s", i, key)
	origin, set := c.Origins[key]
	if _, has := c.Origins[own]; set && !has {
		*to = from
		c.Origins[own] = origin
	}
}

// onlyBackend runs the model, or the built-in one.
func (c *Config) onlyBackend() Backend {
	b := newBackend(KindLlamaCPP)
	b.Name, b.LlamaCPP.Model = BuiltinModel, BuiltinModel
	if len(c.Models) == 1 {
		m := c.Models[0]
		b.Name, b.LlamaCPP.Model, b.LlamaCPP.SHA256 = m.Name, m.Name, m.SHA256
		c.Origins["backends[0].name"], c.Origins["backends[0].model"] = c.Origins["model.name"], c.Origins["model.name"]
	}
	return b
}
