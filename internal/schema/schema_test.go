package schema_test

import (
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/schema"
)

func TestCheck_TakesSchemas(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":["string","null"],"pattern":"^[a-z]+$"}}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"minimum":0}},"$ref":"#/definitions/n"}`,
		`{"type":"object","unknown-keyword":1,"additionalProperties":false}`,
		`{"properties":{"child":{"$ref":"#"}}}`,
	} {
		if err := schema.Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCheck_RefusesWhatDoesNotCompile(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"strnig"}`:                                      "at '/type'",
		`{"properties":{"a":{"minimum":"0"}}}`:                   "at '/properties/a/minimum'",
		`{"properties":[]}`:                                      "at '/properties'",
		`{"$ref":"#/$defs/none"}`:                                "not found",
		`{"$ref":"https://example.com/schema.json"}`:             "nothing outside of the schema is looked up",
		`{"$ref":"file:///etc/passwd"}`:                          "nothing outside of the schema is looked up",
		`{"$schema":"https://example.com/mine","type":"object"}`: "nothing outside of the schema is looked up",
		`{"pattern":"(("}`:                                       "pattern",
		`{"type":"object"`:                                       "read schema",
		`{"a":` + strings.Repeat("[", 20_000) + `}`:              "read schema",
	} {
		err := schema.Check([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80s: %v, want %q in it", text, err, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, text := range []string{`{"type":"object"}`, `{"$ref":"#"}`, `{"allOf":[{"$ref":"#/allOf/0"}]}`, `{"$id":"x","$anchor":"y","$dynamicRef":"#y"}`, `[]`, `{"$vocabulary":{}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(_ *testing.T, text []byte) { _ = schema.Check(text) })
}
