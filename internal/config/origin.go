package config

import (
	"fmt"
	"strconv"
)

// OriginKind is the kind of source that a value is from.
type OriginKind string

// The kinds of origins, the later ones first asked.
const (
	FromDefault     OriginKind = "default"
	FromFile        OriginKind = "file"
	FromEnvironment OriginKind = "environment"
	FromFlag        OriginKind = "flag"
)

// Origin is where a value is from.
type Origin struct {
	Kind OriginKind `json:"kind"`
	// Name is the file, the environment variable, or the flag with its dashes.
	Name string `json:"name,omitempty"`
	// Line is the line in the file.
	Line int `json:"line,omitempty"`
}

func (o Origin) String() string {
	switch o.Kind {
	case FromFile:
		return o.Name + ":" + strconv.Itoa(o.Line)
	case FromEnvironment, FromFlag:
		return string(o.Kind) + " " + o.Name
	}
	return string(FromDefault)
}

// Origin is where the value of a key is from.
func (c *Config) Origin(key string) Origin {
	if o, ok := c.Origins[key]; ok {
		return o
	}
	return Origin{Kind: FromDefault}
}

// Entry is one value with its key and its origin.
type Entry struct {
	Key string `json:"key"`
	// Value is as the file would have it, but for what may be a secret in a
	// URL: that is left out.
	Value  any    `json:"value"`
	Origin Origin `json:"origin"`
}

// Entries are all values, in the order of the docs. Secrets are not among them:
// the configuration has none, only the names of variables that hold them.
func (c Config) Entries() []Entry {
	var all []Entry
	add := func(key string, f field) {
		all = append(all, Entry{Key: key, Value: f.get(), Origin: c.Origin(key)})
	}
	for _, s := range settings {
		add(s.key, s.field(&c))
	}
	for i := range c.Models {
		for _, f := range c.Models[i].fields() {
			add(c.Models[i].Key+"."+f.name, f)
		}
	}
	for i := range c.Backends {
		for _, f := range c.Backends[i].fields() {
			key := fmt.Sprintf("backends[%d].%s", i, f.name)
			if f.list != nil {
				f.list(key, add)
				continue
			}
			add(key, f)
		}
	}
	return all
}
