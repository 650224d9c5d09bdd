package store

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const someHex = "30d1e7949597a3446726064e80b876fd1b5cba4aa6eec53d27afa420e731fb36"

func manifestText(change ...string) string {
	text := `{
  "schema_version": 1,
  "name": "tiny",
  "format": "gguf",
  "blob": "sha256:` + someHex + `",
  "size_bytes": 5126304928,
  "license": "apache-2.0",
  "source": {
    "registry": "example.org",
    "repo": "a/b",
    "revision": "main",
    "filename": "b.gguf"
  },
  "produced_by": "other/1.0",
  "produced_at": "2026-05-18T17:06:10Z"
}
`
	return strings.NewReplacer(change...).Replace(text)
}

var exported = cmp.Options{cmp.AllowUnexported(Name{}, Digest{}), cmpopts.IgnoreUnexported(Manifest{}, Origin{})}

func TestParseManifest_ReadsTheConventionsFields(t *testing.T) {
	got, err := parseManifest(Name{"tiny"}, []byte(manifestText()))
	if err != nil {
		t.Fatal(err)
	}
	want := Manifest{
		Name:       Name{"tiny"},
		Format:     "gguf",
		Blob:       Digest{someHex},
		Size:       5126304928,
		License:    "apache-2.0",
		Origin:     Origin{Registry: "example.org", Repo: "a/b", Revision: "main", Filename: "b.gguf"},
		ProducedBy: "other/1.0",
		ProducedAt: "2026-05-18T17:06:10Z",
	}
	if diff := cmp.Diff(want, got, exported); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	again, err := got.encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(manifestText(), string(again)); diff != "" {
		t.Errorf("encoded again (-want +got):\n%s", diff)
	}
}

func TestParseManifest_TakesWhatAPersonMightWrite(t *testing.T) {
	for name, c := range map[string]struct {
		change []string
		want   func(m *Manifest)
	}{
		"null license":  {[]string{`"apache-2.0"`, "null"}, func(m *Manifest) { m.License = "" }},
		"text source":   {[]string{"{\n    \"registry\"", `"https://example.org/b.gguf", "x": {"registry"`}, func(m *Manifest) { m.Origin = Origin{Repo: "https://example.org/b.gguf"} }},
		"null source":   {[]string{"{\n    \"registry\"", `null, "x": {"registry"`}, func(m *Manifest) { m.Origin = Origin{} }},
		"odd time":      {[]string{"2026-05-18T17:06:10Z", "yesterday"}, func(m *Manifest) { m.ProducedAt = "yesterday" }},
		"unknown field": {[]string{`"format"`, `"tags": [1, 2], "format"`}, func(*Manifest) {}},
		"missing field": {[]string{`"license": "apache-2.0",`, ""}, func(m *Manifest) { m.License = "" }},
	} {
		want, err := parseManifest(Name{"tiny"}, []byte(manifestText()))
		if err != nil {
			t.Fatal(err)
		}
		c.want(&want)
		got, err := parseManifest(Name{"tiny"}, []byte(manifestText(c.change...)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, exported); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseManifest_RefusesWhatItCannotRelyOn(t *testing.T) {
	for name, c := range map[string]struct {
		text, says string
	}{
		"newer schema":    {manifestText(`"schema_version": 1`, `"schema_version": 2`), "schema_version is 2"},
		"no schema":       {manifestText(`"schema_version": 1,`, ""), "schema_version is 0"},
		"text schema":     {manifestText(`"schema_version": 1`, `"schema_version": "1"`), "schema_version"},
		"other name":      {manifestText(`"tiny"`, `"Tiny"`), "name"},
		"bare digest":     {manifestText("sha256:", ""), "blob reference"},
		"upper case":      {manifestText("30d1e", "30D1E"), "lower-case"},
		"path for a blob": {manifestText("sha256:"+someHex, "../../secret"), "blob reference"},
		"path as digest":  {manifestText(someHex, "../../../../../etc/passwd"), "64"},
		"no blob":         {manifestText(`"blob"`, `"bolb"`), "blob reference"},
		"blob list":       {manifestText(`"sha256:`+someHex+`"`, `["sha256:`+someHex+`"]`), "blob"},
		"negative size":   {manifestText("5126304928", "-1"), "size_bytes"},
		"no size":         {manifestText(`"size_bytes"`, `"size"`), "size_bytes"},
		"fraction":        {manifestText("5126304928", "1.5"), "size_bytes"},
		"too large":       {manifestText("5126304928", "9223372036854775808"), "size_bytes"},
		"number license":  {manifestText(`"apache-2.0"`, "2"), "license"},
		"number registry": {manifestText(`"example.org"`, "2"), "source"},
		"list source":     {manifestText("{\n    \"registry\"", `[], "x": {"registry"`), "source"},
		"two objects":     {manifestText() + "{}", "after top-level"},
		"no object":       {"[]", "array"},
		"null":            {"null", "schema_version"},
		"empty":           {"", "unexpected end"},
		"cut off":         {manifestText()[:100], "unexpected end"},
	} {
		_, err := parseManifest(Name{"tiny"}, []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.says)
		}
	}
}

// What other tools wrote stays as they wrote it, however often we rewrite it.
func TestManifest_KeepsUnknownFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{`1`, `"x"`, `null`, `[1,{"a":[]}]`, `{"b":1e999,"a":"<&>"}`, `9007199254740993`, `""`})
		key := rapid.StringMatching(`x_[a-z<é"\\]{0,5}`)
		extra, origin := rapid.MapOf(key, value).Draw(t, "extra"), rapid.MapOf(key, value).Draw(t, "origin")
		text := strings.Replace(manifestText(), `"format"`, members(extra)+`"format"`, 1)
		text = strings.Replace(text, `"repo"`, members(origin)+`"repo"`, 1)
		m, err := parseManifest(Name{"tiny"}, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		first, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if m, err = parseManifest(Name{"tiny"}, first); err != nil {
			t.Fatal(err)
		}
		second, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Fatalf("rewritten (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(compact(t, text), compact(t, string(second))); diff != "" {
			t.Fatalf("fields (-before +after):\n%s", diff)
		}
	})
}

func members(fields map[string]string) string {
	var b strings.Builder
	for key, value := range fields {
		quoted, err := json.Marshal(key)
		if err != nil {
			panic(err)
		}
		b.WriteString(string(quoted) + ": " + value + ", ")
	}
	return b.String()
}

// compact is the same for two texts with the same fields: numbers as they are
// written, and members in any order.
func compact(t *rapid.T, text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(manifestText()))
	f.Add([]byte(manifestText("{\n    \"registry\"", `null, "x": {"registry"`)))
	f.Add([]byte(`{"schema_version":1,"name":"tiny","blob":"sha256:` + someHex + `","size_bytes":0}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(Name{"tiny"}, data)
		if err != nil {
			return
		}
		encoded, err := m.encode()
		if err != nil {
			t.Fatalf("%q was read, and can't be written: %v", data, err)
		}
		again, err := parseManifest(Name{"tiny"}, encoded)
		if err != nil {
			t.Fatalf("%q was written, and can't be read: %v", encoded, err)
		}
		if diff := cmp.Diff(m, again, exported); diff != "" {
			t.Fatalf("read again (-before +after):\n%s", diff)
		}
	})
}
