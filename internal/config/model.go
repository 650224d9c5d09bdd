package config

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// Model is a model that the store must hold, and where it is from: what
// `inferd pull NAME` fetches.
type Model struct {
	// Key is where it stands in the file: model, or backends[0].mmproj.
	Key string
	// Name is the name in the store.
	Name string
	// SHA256 is 64 lower-case hexadecimal digits; empty only where SourceURL is.
	SHA256 string
	// SizeBytes is 0 where it is not known.
	SizeBytes int64
	// SourceURL is where to fetch it: https, or http on this machine; empty is
	// nowhere.
	SourceURL string
	// License is a SPDX identifier; empty where it is not known.
	License string
}

// digest accepts a SHA-256, in any case.
var digest = form[string]{parse: func(v value) (string, error) {
	s, err := text(func(s string) error {
		if len(s) != 64 || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
			return errors.New("a SHA-256 is 64 hexadecimal digits")
		}
		return nil
	}).parse(v)
	return strings.ToLower(s), err
}}

// size accepts bytes.
var size = form[int64]{parse: func(v value) (int64, error) {
	n, err := strconv.ParseInt(v.text, 10, 64)
	if v.kind == '"' || err != nil || n < 1 {
		return 0, errors.New(v.show() + " is not allowed: it must be a whole number from 1 to " + strconv.Itoa(math.MaxInt64))
	}
	return n, nil
}}

func checkStored(s string) error {
	if !modelName.MatchString(s) || s == BuiltinModel {
		return errors.New("it must be a name in the store: 1 to 128 of A-Za-z0-9._-, the first no dot, and not " + strconv.Quote(BuiltinModel))
	}
	return nil
}

func checkLicense(s string) error {
	if len(s) > 128 || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
		return errors.New("it must be at most 128 characters of ASCII, such as Apache-2.0")
	}
	return nil
}

func (m *Model) fields() []field {
	return []field{
		bind("name", &m.Name, text(checkStored)),
		bind("sha256", &m.SHA256, digest),
		bind("size_bytes", &m.SizeBytes, size),
		bind("source_url", &m.SourceURL, sourceURL),
		bind("license", &m.License, text(checkLicense)),
	}
}

// readModel reads the one model of a daemon without backends.
func readModel(r *reader, key string, v hujson.Value) { r.model(key, v) }

// model reads the description of a model.
func (r *reader) model(key string, v hujson.Value) Model {
	m := Model{Key: key}
	if seen := r.required(key, v, m.fields(), "name"); seen["source_url"] && !seen["sha256"] {
		r.problem(v, key+".sha256", "missing: what is fetched from source_url is checked against it")
	}
	*r.models = append(*r.models, m)
	return m
}

// described is the field of a model that may be a description, too: then its
// name and its digest are those.
func described(f field, name, sha256 *string) field {
	f.walk = func(r *reader, key string, v hujson.Value) {
		m := r.model(key, v)
		*name, *sha256 = m.Name, m.SHA256
	}
	return f
}

// checkModels sees to it that a name stands for one model.
func (r *reader) checkModels() {
	first := make(map[string]Model)
	for _, m := range *r.models {
		if other, twice := first[m.Name]; !twice {
			first[m.Name] = m
		} else if other.SHA256 != m.SHA256 && m.Name != "" {
			r.problemAt(m.Key+".name", "%q is the name of %s already, with another sha256", m.Name, other.Key)
		}
	}
}
