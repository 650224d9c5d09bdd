package wire

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestV1Request_Validate has every row of the request table: the values at the
// edges that are allowed, and those next to them that are not.
func TestV1Request_Validate(t *testing.T) {
	const temperature, topP = "0 ≤ temperature ≤ 100", "0 < top_p ≤ 1"
	rows := []struct {
		field   string
		valid   []string
		invalid map[string]string // value to message
	}{
		{"id", []string{`""`, `"x"`, `"\u0000"`, `"` + strings.Repeat("i", 1000) + `"`}, nil},
		{"messages", []string{`[{"role":"user","content":""}]`, `[{"role":"system","content":"a"},{"role":"assistant","content":"b"}]`},
			map[string]string{`[]`: `messages: is empty: allowed is one message or more`}},
		{"temperature", []string{"0", "-0.0", "1e-300", "1", "100"}, map[string]string{
			"-1":      `temperature: -1 is out of range: allowed is ` + temperature,
			"-1e-9":   `temperature: -1e-09 is out of range: allowed is ` + temperature,
			"100.001": `temperature: 100.001 is out of range: allowed is ` + temperature,
			"1e999":   `temperature: +Inf is out of range: allowed is ` + temperature,
			"-1e999":  `temperature: -Inf is out of range: allowed is ` + temperature,
		}},
		{"top_p", []string{"1e-300", "0.95", "1", "1.0"}, map[string]string{
			"7":     `top_p: 7 is out of range: allowed is ` + topP,
			"0":     `top_p: 0 is out of range: allowed is ` + topP,
			"-0.1":  `top_p: -0.1 is out of range: allowed is ` + topP,
			"1.001": `top_p: 1.001 is out of range: allowed is ` + topP,
		}},
		{"top_k", []string{"0", "1", "9223372036854775807", "9223372036854775808"}, map[string]string{
			"-1": `top_k: -1 is out of range: allowed is top_k ≥ 0`,
		}},
		{"max_tokens", []string{"1", "1000", "9223372036854775808"}, map[string]string{
			"0":                    `max_tokens: 0 is out of range: allowed is max_tokens ≥ 1`,
			"-5":                   `max_tokens: -5 is out of range: allowed is max_tokens ≥ 1`,
			"-9223372036854775809": `max_tokens: -9223372036854775808 is out of range: allowed is max_tokens ≥ 1`,
		}},
		{"stream", []string{"true", "false"}, nil},
		{"image_token_budget", []string{"70", "140", "280", "560", "1120"}, map[string]string{
			"0":    `image_token_budget: 0 is out of range: allowed is one of 70, 140, 280, 560, 1120`,
			"71":   `image_token_budget: 71 is out of range: allowed is one of 70, 140, 280, 560, 1120`,
			"1121": `image_token_budget: 1121 is out of range: allowed is one of 70, 140, 280, 560, 1120`,
		}},
		{"grammar", []string{`"root ::= \"a\""`}, map[string]string{
			`""`:              `grammar: line 1, column 1: there is no rule "root"`,
			`"root ::= x"`:    `grammar: line 1, column 10: rule "x" is not defined`,
			`"root = \"a\""`:  `grammar: line 1, column 6: ::= expected, found '='`,
			`"start ::= [a]"`: `grammar: line 1, column 14: there is no rule "root"`,
		}},
		{"seed", []string{"0", "4294967295"}, map[string]string{
			"-1":         `seed: -1 is out of range: allowed is 0 ≤ seed ≤ 4294967295`,
			"4294967296": `seed: 4294967296 is out of range: allowed is 0 ≤ seed ≤ 4294967295`,
		}},
		{"stop", []string{`"x"`, `[]`, `["` + strings.Repeat("s", 256) + `"]`, `["1"` + strings.Repeat(`,"x"`, 15) + `]`}, map[string]string{
			`""`:                                    `stop[0]: "" is 0 bytes long: allowed is 1 to 256 bytes`,
			`["a",""]`:                              `stop[1]: "" is 0 bytes long: allowed is 1 to 256 bytes`,
			`["` + strings.Repeat("é", 128) + `s"]`: `stop[0]: "` + strings.Repeat("é", 32) + `…" is 257 bytes long: allowed is 1 to 256 bytes`,
			`["1"` + strings.Repeat(`,"x"`, 16) + `]`: `stop: more than 16 strings are too many: allowed is up to 16 strings`,
		}},
		{"min_p", []string{"0", "1"}, map[string]string{
			"-0.01": `min_p: -0.01 is out of range: allowed is 0 ≤ min_p ≤ 1`,
			"1.01":  `min_p: 1.01 is out of range: allowed is 0 ≤ min_p ≤ 1`,
		}},
		{"presence_penalty", []string{"-2", "0", "2"}, map[string]string{
			"-2.1": `presence_penalty: -2.1 is out of range: allowed is -2 ≤ presence_penalty ≤ 2`,
			"2.1":  `presence_penalty: 2.1 is out of range: allowed is -2 ≤ presence_penalty ≤ 2`,
		}},
		{"frequency_penalty", []string{"-2", "0", "2"}, map[string]string{
			"-2.1": `frequency_penalty: -2.1 is out of range: allowed is -2 ≤ frequency_penalty ≤ 2`,
			"2.1":  `frequency_penalty: 2.1 is out of range: allowed is -2 ≤ frequency_penalty ≤ 2`,
		}},
		{"repeat_penalty", []string{"1e-300", "1", "2"}, map[string]string{
			"0":    `repeat_penalty: 0 is out of range: allowed is 0 < repeat_penalty ≤ 2`,
			"-1":   `repeat_penalty: -1 is out of range: allowed is 0 < repeat_penalty ≤ 2`,
			"2.01": `repeat_penalty: 2.01 is out of range: allowed is 0 < repeat_penalty ≤ 2`,
		}},
		{"deadline_ms", []string{"1", "9223372036854775807"}, map[string]string{
			"0":  `deadline_ms: 0 is out of range: allowed is deadline_ms ≥ 1`,
			"-1": `deadline_ms: -1 is out of range: allowed is deadline_ms ≥ 1`,
		}},
		{"progress", []string{"true", "false"}, nil},
	}
	for _, row := range rows {
		validate := func(value string) error {
			r, err := DecodeV1Request([]byte(`{` + hello + `,"` + row.field + `":` + value + `}`))
			if err != nil {
				t.Fatalf("%s: %.80s: %v", row.field, value, err)
			}
			return r.Validate()
		}
		for _, value := range row.valid {
			if err := validate(value); err != nil {
				t.Errorf("%s: %.80s is refused: %v", row.field, value, err)
			}
		}
		for value, want := range row.invalid {
			err := validate(value)
			wrong, ok := errors.AsType[*FieldError](err)
			if !ok || err.Error() != want {
				t.Errorf("%s: %.80s\n got %v\nwant %s", row.field, value, err, want)
			} else if name, _, _ := strings.Cut(wrong.Field, "["); name != row.field {
				t.Errorf("%s: the error names field %s", row.field, wrong.Field)
			}
		}
	}
}

// TestV1Request_ValidateRefusesWhatOnlyAClientCanBuild has the values that no
// frame can hold.
func TestV1Request_ValidateRefusesWhatOnlyAClientCanBuild(t *testing.T) {
	tests := []struct {
		change func(*V1Request)
		want   string
	}{
		{func(r *V1Request) { r.ID = "\xff" }, `id: is not UTF-8: allowed is valid UTF-8`},
		{func(r *V1Request) { r.Messages = nil }, `messages: is empty: allowed is one message or more`},
		{func(r *V1Request) { r.Messages[0].Role = "tool" }, `messages[0].role: "tool" is not a role: allowed is system, user or assistant`},
		{func(r *V1Request) { r.Messages[0].Role = "" }, `messages[0].role: "" is not a role: allowed is system, user or assistant`},
		{func(r *V1Request) { r.Messages[0].Content = "\xe4" }, `messages[0].content: is not UTF-8: allowed is valid UTF-8`},
		{func(r *V1Request) { r.Temperature = new(math.NaN()) }, `temperature: NaN is out of range: allowed is 0 ≤ temperature ≤ 100`},
		{func(r *V1Request) { r.Temperature = new(math.Inf(1)) }, `temperature: +Inf is out of range: allowed is 0 ≤ temperature ≤ 100`},
		{func(r *V1Request) { r.TopP = new(math.NaN()) }, `top_p: NaN is out of range: allowed is 0 < top_p ≤ 1`},
		{func(r *V1Request) { r.MinP = new(math.NaN()) }, `min_p: NaN is out of range: allowed is 0 ≤ min_p ≤ 1`},
		{func(r *V1Request) { r.PresencePenalty = new(math.NaN()) }, `presence_penalty: NaN is out of range: allowed is -2 ≤ presence_penalty ≤ 2`},
		{func(r *V1Request) { r.FrequencyPenalty = new(math.NaN()) }, `frequency_penalty: NaN is out of range: allowed is -2 ≤ frequency_penalty ≤ 2`},
		{func(r *V1Request) { r.RepeatPenalty = new(math.Inf(-1)) }, `repeat_penalty: -Inf is out of range: allowed is 0 < repeat_penalty ≤ 2`},
		{func(r *V1Request) { r.Grammar = new("\xff") }, `grammar: is not UTF-8: allowed is valid UTF-8`},
		{func(r *V1Request) { r.Stop = []string{"\xff"} }, `stop[0]: is not UTF-8: allowed is valid UTF-8`},
	}
	for _, tt := range tests {
		err := requestWith(tt.change).Validate()
		if _, ok := errors.AsType[*FieldError](err); !ok || err.Error() != tt.want {
			t.Errorf("Validate() = %T %v\nwant %s", err, err, tt.want)
		}
	}
}

func TestV1Request_ValidateReportsTheFirstProblem(t *testing.T) {
	r := &V1Request{
		ID: "\xff", Temperature: new(-1.0), TopP: new(0.0), TopK: new(int64(-1)), MaxTokens: new(int64(0)), ImageTokenBudget: new(int64(1)),
		Grammar: new(""), Seed: new(int64(-1)), Stop: []string{""}, MinP: new(2.0), PresencePenalty: new(3.0), FrequencyPenalty: new(3.0),
		RepeatPenalty: new(0.0), DeadlineMS: new(int64(0)),
	}
	mend := []struct {
		field string
		mend  func()
	}{
		{"id", func() { r.ID = "x" }},
		{"messages", func() { r.Messages = []Message{{RoleUser, "x"}} }},
		{"temperature", func() { r.Temperature = nil }},
		{"top_p", func() { r.TopP = nil }},
		{"top_k", func() { r.TopK = nil }},
		{"max_tokens", func() { r.MaxTokens = nil }},
		{"image_token_budget", func() { r.ImageTokenBudget = nil }},
		{"grammar", func() { r.Grammar = nil }},
		{"seed", func() { r.Seed = nil }},
		{"stop[0]", func() { r.Stop = nil }},
		{"min_p", func() { r.MinP = nil }},
		{"presence_penalty", func() { r.PresencePenalty = nil }},
		{"frequency_penalty", func() { r.FrequencyPenalty = nil }},
		{"repeat_penalty", func() { r.RepeatPenalty = nil }},
		{"deadline_ms", func() { r.DeadlineMS = nil }},
	}
	for _, m := range mend {
		wrong, ok := errors.AsType[*FieldError](r.Validate())
		if !ok || wrong.Field != m.field {
			t.Fatalf("Validate() = %v, want a problem with %s", wrong, m.field)
		}
		m.mend()
	}
	if err := r.Validate(); err != nil {
		t.Errorf("Validate() = %v, want nil", err)
	}
}

func TestV1Request_Params(t *testing.T) {
	defaults := Params{Temperature: 1.0, TopP: 0.95, TopK: 64, RepeatPenalty: 1, MaxTokens: 1000}
	tests := []struct {
		name   string
		change func(*V1Request)
		want   Params
	}{
		{"defaults", func(*V1Request) {}, defaults},
		{"zeros are values", func(r *V1Request) {
			r.Temperature, r.TopK, r.Seed, r.MinP = new(0.0), new(int64(0)), new(int64(0)), new(0.0)
		}, Params{TopP: 0.95, RepeatPenalty: 1, MaxTokens: 1000, Seed: new(uint32(0))}},
		{"everything", func(r *V1Request) {
			*r = V1Request{
				Temperature: new(0.1), TopP: new(0.2), TopK: new(int64(3)), MinP: new(0.4), PresencePenalty: new(0.5), FrequencyPenalty: new(-0.6),
				RepeatPenalty: new(0.7), MaxTokens: new(int64(8)), Grammar: new("g"), Seed: new(int64(math.MaxUint32)), Stop: []string{"s"}, DeadlineMS: new(int64(1500)),
			}
		}, Params{
			Temperature: 0.1, TopP: 0.2, TopK: 3, MinP: 0.4, PresencePenalty: 0.5, FrequencyPenalty: -0.6, RepeatPenalty: 0.7, MaxTokens: 8,
			Grammar: "g", Seed: new(uint32(math.MaxUint32)), Stop: []string{"s"}, Deadline: 1500 * time.Millisecond,
		}},
		{"too large for an int", func(r *V1Request) {
			*r = V1Request{TopK: new(int64(math.MaxInt64)), MaxTokens: new(int64(math.MaxInt32 + 1)), DeadlineMS: new(int64(math.MaxInt64))}
		}, Params{
			Temperature: 1.0, TopP: 0.95, TopK: math.MaxInt32, RepeatPenalty: 1, MaxTokens: math.MaxInt32,
			Deadline: math.MaxInt64 / time.Millisecond * time.Millisecond,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, requestWith(tt.change).Params()); diff != "" {
				t.Errorf("Params() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestV1Request_StreamsUnlessToldNotTo(t *testing.T) {
	for _, tt := range []struct {
		stream *bool
		want   bool
	}{{nil, true}, {new(true), true}, {new(false), false}} {
		if got := (&V1Request{Stream: tt.stream}).Streaming(); got != tt.want {
			t.Errorf("Streaming() = %v, want %v", got, tt.want)
		}
	}
}
