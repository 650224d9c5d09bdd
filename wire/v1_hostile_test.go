package wire

import (
	"math"
	"strings"
	"testing"
)

// TestDecodeV1Request_WithstandsHostileFrames has frames made to cost memory,
// stack or time, or to fill an error.
func TestDecodeV1Request_WithstandsHostileFrames(t *testing.T) {
	const many = 1 << 17
	digits := strings.Repeat("9", many)
	tests := []struct {
		name, in string
		want     string // the error; empty for none
	}{
		{"deep arrays in an unknown field", `{"x":` + strings.Repeat("[", many) + strings.Repeat("]", many) + `,` + hello + `}`,
			"nested deeper than 10000 levels at byte 10006"},
		{"deep objects in the place of a string", `{"id":` + strings.Repeat(`{"id":`, many),
			"nested deeper than 10000 levels at byte 60007"},
		{"deep enough", `{"x":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + `,` + hello + `}`, ""},
		{"a long integer", `{"max_tokens":` + digits + `,` + hello + `}`, ""},
		{"a long number", `{"temperature":` + digits + `.` + digits + `e-` + digits + `,` + hello + `}`, ""},
		{"a long fraction for an integer", `{"seed":0.` + digits + `,` + hello + `}`, "seed: expected an integer, found 0." + digits[:62] + "…"},
		{"a long exponent", `{"temperature":1e` + digits + `,` + hello + `}`, ""},
		{"a long key", `{"` + strings.Repeat("k", many) + `":1,` + hello + `}`, ""},
		{"a key of escapes", `{"` + strings.Repeat(`\u0069`, many) + `":1,` + hello + `}`, ""},
		{"a key many times", `{` + strings.Repeat(`"id":"x","stop":["y"],"messages":[],`, 10_000) + hello + `}`, ""},
		{"a long role", `{"messages":[{"role":"` + strings.Repeat("\\n", many) + `","content":""}]}`,
			`messages[0].role: unknown role "` + strings.Repeat(`\n`, 64) + `…": allowed are system, user, assistant`},
		{"nothing but spaces", strings.Repeat(" ", many), "not JSON: a value expected, but the frame ends at byte 131072"},
		{"nothing but quotes", strings.Repeat(`"`, many), "not JSON: the end of the frame expected, found '\"' at byte 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := DecodeV1Request([]byte(tt.in))
			if got := errorText(err); got != tt.want {
				t.Fatalf("error %q, want %q", got, tt.want)
			}
			if err == nil && len(r.Messages) != 1 {
				t.Errorf("read %d messages, want 1", len(r.Messages))
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestDecodeV1Request_LongNumbersKeepTheirMeaning(t *testing.T) {
	nines := strings.Repeat("9", 400)
	r, err := DecodeV1Request([]byte(`{"temperature":` + nines + `,"top_p":0.` + nines + `,"max_tokens":` + nines + `,"seed":-` + nines + `,` + hello + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(*r.Temperature, 1) || *r.TopP != 1 || *r.MaxTokens != math.MaxInt64 || *r.Seed != math.MinInt64 {
		t.Errorf("temperature %v, top_p %v, max_tokens %v, seed %v", *r.Temperature, *r.TopP, *r.MaxTokens, *r.Seed)
	}
}
