package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/engine/enginetest"
)

func TestBenchRaw_MeasuresEachSetting(t *testing.T) {
	var out bytes.Buffer
	args := []string{
		"--engine", enginetest.Root(t), "--threads", "1", "--prompt", "8", "--tokens", "4", "--sequences", "1,3",
		"--flash", "--key-type", "q8_0", "--value-type", "q8_0",
	}
	if err := benchRaw(args, &out); err != nil {
		t.Fatal(err)
	}
	var results []struct {
		Sequences int
		Prefill   float64 `json:"prefill_tokens_per_second"`
		Decode    float64 `json:"decode_tokens_per_second"`
	}
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 || results[0].Sequences != 1 || results[1].Sequences != 3 {
		t.Fatalf("results %+v", results)
	}
	for _, r := range results {
		if r.Prefill <= 0 || r.Decode <= 0 {
			t.Errorf("no figures: %+v", r)
		}
	}
}

func TestBenchRaw_SaysWhatIsWrong(t *testing.T) {
	engine := []string{"--engine", enginetest.Root(t), "--tokens", "1"}
	for _, c := range []struct {
		args  []string
		usage bool
		want  string
	}{
		{nil, true, "needs --engine"},
		{append(engine, "--sequences", "1,many"), true, `"many": each must be a number from 1 to 256`},
		{append(engine, "--prompt", "0"), true, "one token or more"},
		{append(engine, "--key-type", "q9"), false, "allowed are bf16, f16"},
		{append(engine, "--prompt", "99999"), false, "the model has a context of"},
		{append(engine, "--model", "nowhere.gguf"), false, "nowhere.gguf"},
	} {
		var out bytes.Buffer
		err := benchRaw(c.args, &out)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, errUsage) != c.usage || out.Len() > 0 {
			t.Errorf("%v: error %v, output %q", c.args, err, out.String())
		}
	}
}
