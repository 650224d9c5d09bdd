package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

const (
	schemaVersion = 1
	// maxManifest bounds what is read of a manifest: they have a few hundred
	// bytes.
	maxManifest = 1 << 20
)

// Manifest says what a name stands for. Only Name, Blob and Size mean something
// to the store; the rest tells people and tools where the bytes are from.
type Manifest struct {
	Name Name
	// Format is what the bytes are: "gguf".
	Format string
	Blob   Digest
	Size   int64
	// License is a SPDX identifier where known.
	License string
	Origin  Origin
	// ProducedBy is the tool that wrote the manifest, as name/version.
	ProducedBy string
	// ProducedAt is when, as RFC 3339 has it.
	ProducedAt string
	// SharedWith is the file of another tool that the blob is a hard link to:
	// when that tool writes to it, the blob changes. It is this project's own
	// field, and left out where empty.
	SharedWith string
	// Parts are the further files of a model that is split, in order. The blob is
	// the first of them. It is this project's own field, and left out where empty.
	Parts []Part

	extra map[string]json.RawMessage // fields of other tools, kept
}

// Origin is where a blob is from. All fields may be empty.
type Origin struct {
	Registry string // the host, or another tool
	Repo     string
	Revision string
	Filename string

	extra map[string]json.RawMessage
}

// parseManifest reads the manifest of a name. Unknown fields are kept for who
// wrote them; known ones must be of their type, or null.
func parseManifest(name Name, data []byte) (Manifest, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return Manifest{}, err
	}
	d := decoder{fields: fields}
	var (
		m       = Manifest{Name: name}
		version = 0
		named   string
		blob    string
		size    = int64(-1)
		origin  json.RawMessage
	)
	d.field("schema_version", &version)
	d.field("name", &named)
	d.field("format", &m.Format)
	d.field("blob", &blob)
	d.field("size_bytes", &size)
	d.field("license", &m.License)
	d.field("source", &origin)
	d.field("produced_by", &m.ProducedBy)
	d.field("produced_at", &m.ProducedAt)
	d.field("shared_with", &m.SharedWith)
	var parts []partRecord
	d.field("parts", &parts)
	m.extra = d.fields
	switch {
	case d.err != nil:
		return Manifest{}, d.err
	case version != schemaVersion:
		return Manifest{}, fmt.Errorf("schema_version is %d, it must be %d", version, schemaVersion)
	case named != name.s:
		return Manifest{}, fmt.Errorf("name is %s, it must be that of the file, %s", quote(named), name)
	case size < 0:
		return Manifest{}, fmt.Errorf("size_bytes must be there, and not be negative")
	}
	m.Size = size
	var err error
	if m.Blob, err = ParseRef(blob); err != nil {
		return Manifest{}, err
	}
	if m.Parts, err = parseParts(parts); err != nil {
		return Manifest{}, err
	}
	m.Origin, err = parseOrigin(origin)
	return m, err
}

// parseOrigin reads the field source: an object, or what a person might write
// in its place.
func parseOrigin(data json.RawMessage) (Origin, error) {
	var o Origin
	var text string
	if len(data) == 0 || json.Unmarshal(data, &text) == nil {
		o.Repo = text
		return o, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return Origin{}, fmt.Errorf("source: %w", err)
	}
	d := decoder{fields: fields}
	d.field("registry", &o.Registry)
	d.field("repo", &o.Repo)
	d.field("revision", &o.Revision)
	d.field("filename", &o.Filename)
	o.extra = d.fields
	if d.err != nil {
		return Origin{}, fmt.Errorf("source: %w", d.err)
	}
	return o, nil
}

// decoder takes known fields out of an object, and keeps the first error.
type decoder struct {
	fields map[string]json.RawMessage
	err    error
}

func (d *decoder) field(key string, to any) {
	raw, ok := d.fields[key]
	delete(d.fields, key)
	if !ok || d.err != nil {
		return
	}
	if err := json.Unmarshal(raw, to); err != nil {
		d.err = fmt.Errorf("%s: %w", key, err)
	}
}

// encode writes the manifest as the convention has it: known fields in their
// order, the others after them.
func (m Manifest) encode() ([]byte, error) {
	origin := object{
		{"registry", m.Origin.Registry},
		{"repo", m.Origin.Repo},
		{"revision", m.Origin.Revision},
		{"filename", m.Origin.Filename},
	}.with(m.Origin.extra)
	var license any // null where it is not known
	if m.License != "" {
		license = m.License
	}
	o := object{
		{"schema_version", schemaVersion},
		{"name", m.Name.s},
		{"format", m.Format},
		{"blob", m.Blob.String()},
		{"size_bytes", m.Size},
		{"license", license},
		{"source", origin},
		{"produced_by", m.ProducedBy},
		{"produced_at", m.ProducedAt},
	}
	if m.SharedWith != "" {
		o = append(o, member{"shared_with", m.SharedWith})
	}
	if len(m.Parts) > 0 {
		o = append(o, member{"parts", partRecords(m.Parts)})
	}
	data, err := json.MarshalIndent(o.with(m.extra), "", "  ")
	return append(data, '\n'), err
}

// object is a JSON object whose members have an order.
type object []member

type member struct {
	key   string
	value any
}

// with appends members by key.
func (o object) with(extra map[string]json.RawMessage) object {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		o = append(o, member{key, extra[key]})
	}
	return o
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	for i, m := range o {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		buf.WriteByte(separator)
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		buf.Write(key)
		buf.WriteByte(':')
		buf.Write(value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}
