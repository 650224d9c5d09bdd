package config

import (
	"maps"
	"reflect"
	"slices"
)

// Changes are what differs between two configurations, by what a running
// daemon can do about it.
type Changes struct {
	// Live are the keys that it takes over as it runs.
	Live []string
	// Restart are those that only a new start takes over.
	Restart []Pending
	// Added, Removed and Changed are backends, by name: a matter of loading the
	// new ones and letting the old ones go.
	Added, Removed, Changed []string
	// Reordered says that the backends that stay are tried in another order.
	Reordered bool
}

// Pending is a key that waits for a new start.
type Pending struct{ Key, Reason string }

// Backends reports whether the daemon's backends have to be exchanged.
func (c Changes) Backends() bool {
	return len(c.Added)+len(c.Removed)+len(c.Changed) > 0 || c.Reordered
}

// None reports whether nothing differs.
func (c Changes) None() bool { return len(c.Live)+len(c.Restart) == 0 && !c.Backends() }

// Compare says what a daemon that runs with one configuration would have to
// change to run with another.
func Compare(running, next Config) Changes {
	var c Changes
	for _, s := range settings {
		if s.change == backends || reflect.DeepEqual(s.field(&running).get(), s.field(&next).get()) {
			continue // what becomes of the backends is compared below
		}
		if s.change == restart {
			c.Restart = append(c.Restart, Pending{s.key, s.why})
		} else {
			c.Live = append(c.Live, s.key)
		}
	}
	for _, m := range next.Models {
		// Another name or digest is a matter of the backends.
		if old, ok := modelLike(m, running.Models); ok && old != m {
			c.Live = append(c.Live, m.Key)
		}
	}
	c.backends(running.Backends, next.Backends)
	return c
}

// modelLike finds the model that is the same to who runs it: it may differ in
// where it is from. Its key is that of m.
func modelLike(m Model, models []Model) (Model, bool) {
	at := slices.IndexFunc(models, func(o Model) bool { return o.Name == m.Name && o.SHA256 == m.SHA256 })
	if at < 0 {
		return Model{}, false
	}
	like := models[at]
	like.Key = m.Key
	return like, true
}

func (c *Changes) backends(running, next []Backend) {
	was, is := byName(running), byName(next)
	for _, b := range next {
		if old, stays := was[b.Name]; !stays {
			c.Added = append(c.Added, b.Name)
		} else if !reflect.DeepEqual(old, b) {
			c.Changed = append(c.Changed, b.Name)
		}
	}
	for _, b := range running {
		if _, stays := is[b.Name]; !stays {
			c.Removed = append(c.Removed, b.Name)
		}
	}
	c.Reordered = !slices.Equal(namesIn(running, is), namesIn(next, was))
}

func byName(list []Backend) map[string]Backend {
	all := make(map[string]Backend, len(list))
	for _, b := range list {
		all[b.Name] = b
	}
	return all
}

// namesIn are the names of those backends that are also among others.
func namesIn(list []Backend, others map[string]Backend) []string {
	var names []string
	for _, b := range list {
		if _, ok := others[b.Name]; ok {
			names = append(names, b.Name)
		}
	}
	return names
}

// TakeLive is the configuration of a daemon that runs with c and has taken over
// what is live in next.
func (c Config) TakeLive(next Config) Config {
	c.Origins = maps.Clone(c.Origins)
	c.take(next, live)
	c.Models = next.Models
	return c
}

// TakeBackends is the configuration of a daemon that runs with c and has
// exchanged its backends for those of next.
func (c Config) TakeBackends(next Config) Config {
	c.Origins = maps.Clone(c.Origins)
	c.take(next, backends)
	c.Backends = next.Backends
	return c
}

// take copies the settings of one kind, with their origins.
func (c *Config) take(next Config, kind change) {
	for _, s := range settings {
		if s.change != kind {
			continue
		}
		s.take(c, &next)
		delete(c.Origins, s.key)
		if o, ok := next.Origins[s.key]; ok && c.Origins != nil {
			c.Origins[s.key] = o
		}
	}
}
