package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/loadgen"
)

// trace is an answer whose pieces came at these times, in milliseconds.
func trace(tokens int, pieces ...int) loadgen.Trace {
	t := loadgen.Trace{Answer: loadgen.Answer{CompletionTokens: tokens}}
	for _, ms := range pieces {
		t.Pieces = append(t.Pieces, time.Duration(ms)*time.Millisecond)
	}
	t.Ended = t.Pieces[len(t.Pieces)-1]
	return t
}

func TestDecodeSpeed_LeavesTheFirstTokenOut(t *testing.T) {
	got := decodeSpeed([]loadgen.Trace{trace(3, 1000, 1100, 1200), trace(4, 5000, 5100, 5200, 5300)})
	if got != 10 {
		t.Errorf("%g tokens/s, want 10", got)
	}
	if got := decodeSpeed([]loadgen.Trace{trace(1, 1000)}); got != 0 {
		t.Errorf("%g tokens/s from one token", got)
	}
}

// Only the time counts in which all of them write, where there is such a time.
func TestSpeedTogether_CountsWhatOverlaps(t *testing.T) {
	traces := []loadgen.Trace{
		trace(6, 0, 100, 200, 300, 400, 500),
		trace(6, 200, 300, 400, 500, 600, 700),
	}
	if got := speedTogether(traces); got != 20 {
		t.Errorf("%g tokens/s, want 20", got)
	}
	for i := range traces { // two tokens a piece
		traces[i].Answer.CompletionTokens = 12
	}
	if got := speedTogether(traces); got != 40 {
		t.Errorf("%g tokens/s, want 40", got)
	}
	// One after the other: 5 tokens after the first, in half a second.
	if got := speedTogether([]loadgen.Trace{trace(3, 0, 100, 200), trace(3, 300, 400, 500)}); got != 10 {
		t.Errorf("%g tokens/s of answers that do not overlap, want 10", got)
	}
	if got := speedTogether([]loadgen.Trace{trace(1, 100)}); got != 0 {
		t.Errorf("%g tokens/s of one token", got)
	}
}

func TestAnswered_FailsWhereAnAnswerIsMissing(t *testing.T) {
	broken := errors.New("broken")
	good := trace(2, 1, 2)
	for name, c := range map[string]struct {
		traces []loadgen.Trace
		err    error
		fails  bool
	}{
		"all answered":  {[]loadgen.Trace{good, good}, nil, false},
		"one failed":    {[]loadgen.Trace{good, {Err: broken}}, nil, true},
		"one was empty": {[]loadgen.Trace{good, {}}, nil, true},
		"the run broke": {[]loadgen.Trace{good}, broken, true},
	} {
		if _, err := answered(c.traces, c.err); (err != nil) != c.fails {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestQuestion_IsNeverAskedTwice(t *testing.T) {
	for _, builtin := range []bool{false, true} {
		w := &workload{lab: testLab(t), builtin: builtin}
		seen := map[string]bool{}
		for range 150 {
			q := w.question(20, 5)
			if seen[q.Prompt] {
				t.Errorf("%q was asked twice", q.Prompt)
			}
			seen[q.Prompt] = true
			if q.MaxTokens != 5 || (q.FrequencyPenalty == 0) != builtin {
				t.Errorf("question %+v", q)
			}
		}
	}
}

func TestParseRaw_TakesMedians(t *testing.T) {
	got, err := parseRaw([]byte(`[{"prefill_tokens_per_second":1,"decode_tokens_per_second":30},
		{"prefill_tokens_per_second":3,"decode_tokens_per_second":10},{"prefill_tokens_per_second":2,"decode_tokens_per_second":20}]`))
	if err != nil || got != (rawSpeed{2, 20}) {
		t.Errorf("speed %+v, %v", got, err)
	}
	for _, out := range []string{"", "[]", `[{"decode":1}]`, "usage"} {
		if got, err := parseRaw([]byte(out)); err == nil {
			t.Errorf("%q gave %+v", out, got)
		}
	}
}

func TestSettings_WriteAConfig(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(settings{model: "m.gguf", slots: 4, cacheMiB: 9}.config("/e"), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"engine_dir": "/e", "queue": map[string]any{"active": 0.0},
		"backends": []any{map[string]any{"kind": "llamacpp", "name": "bench", "model": "m.gguf", "slots": 4.0, "cache_mib": 9.0}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
