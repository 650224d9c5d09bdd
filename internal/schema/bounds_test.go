package schema_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/schema"
)

// nested is a schema inside of n others.
func nested(before, after string, n int) string {
	return strings.Repeat(before, n) + "{}" + strings.Repeat(after, n)
}

// series is a schema with n parts.
func series(before, part, after string, n int) string {
	var all strings.Builder
	all.WriteString(before)
	for i := range n {
		if i > 0 {
			all.WriteByte(',')
		}
		all.WriteString(strings.ReplaceAll(part, "#N", fmt.Sprint(i)))
	}
	return all.String() + after
}

// A few bytes that would take seconds or gigabytes to compile, or make the
// library panic, are refused for what they are.
func TestCheck_RefusesWhatCostsTooMuch(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"deep":              {nested(`{"not":`, "}", 64), "nests too deep"},
		"very deep":         {nested(`{"items":`, "}", 9000), "nests too deep"},
		"deep in no schema": {`{"const":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "nests too deep"},
		"many properties":   {series(`{"properties":{`, `"a#N":{}`, `}}`, 2048), "too many objects"},
		"many ids":          {series(`{"$defs":{`, `"a#N":{"$id":"http://a/#N"}`, `}}`, 3000), "too many objects"},
		"many references":   {series(`{"allOf":[`, `{"$ref":"#/allOf/0"}`, `]}`, 3000), "too many objects"},
		"many mistakes":     {series(`{"allOf":[`, `7`, `]}`, 20_000), "too many values"},
		"an exponent":       {`{"multipleOf":1e-99999999}`, "too long"},
		"a large exponent":  {`{"minLength":1E+401}`, "too long"},
		"no exponent":       {`{"minLength":1e99999999999999999999}`, "too long"},
		"many digits":       {`{"maximum":` + strings.Repeat("9", 101) + `}`, "too long"},
		"many patterns":     {series(`{"patternProperties":{`, `"(?i)[b-\\x{1ffff}]{2}#N":true`, `}}`, 2000), "patterns are too long"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Check([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestCheck_TakesWhatIsAtTheBounds(t *testing.T) {
	for name, text := range map[string]string{
		"deep":       nested(`{"not":`, "}", 63),
		"properties": series(`{"properties":{`, `"a#N":{}`, `}}`, 2046),
		"values":     series(`{"enum":[`, `"a#N"`, `]}`, 16_382),
		"patterns":   `{"allOf":[{"pattern":"(?i)^a$"},{"pattern":"(?is-U:[b-\\x{1ffff}]\\Q(?i\\E)"},{"pattern":"\\(?i[(?i]"}]}`,
		"number":     `{"multipleOf":1e-400,"maximum":` + strings.Repeat("9", 100) + `}`,
	} {
		if err := schema.Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A program of this pattern has a million steps.
func TestCheck_MakesNoProgramOfAPattern(t *testing.T) {
	text := `{"pattern":"` + strings.Repeat("(ab{1000})", 900) + `"}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := schema.Check([]byte(text)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const most = 8 << 20
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("a schema of %d bytes took %d bytes of memory, want at most %d", len(text), got, most)
	}
}
