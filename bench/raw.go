package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/loadgen"
)

// rawRun is what the bare engine is to do: the yardstick.
type rawRun struct {
	model     string
	sequences int // at once
	prompt    int // tokens
	tokens    int
	times     int // it is done so often, in one process
}

// rawSpeed is what it came to, in tokens a second, medians.
type rawSpeed struct{ prefill, decode float64 }

// raw runs the bare engine.
func (l *lab) raw(ctx context.Context, r rawRun) (rawSpeed, error) {
	list := strings.TrimSuffix(strings.Repeat(strconv.Itoa(r.sequences)+",", max(1, r.times)), ",")
	args := []string{
		"bench-raw", "--engine", l.places.engine, "--threads", strconv.Itoa(l.threads), "--sequences", list,
		"--prompt", strconv.Itoa(r.prompt), "--tokens", strconv.Itoa(r.tokens),
	}
	if r.model != builtinModel {
		args = append(args, "--model", r.model)
	}
	cmd := exec.CommandContext(ctx, l.worker(), args...)
	cmd.Env = cleanEnv()
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return rawSpeed{}, fmt.Errorf("run the bare engine: %w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return rawSpeed{}, fmt.Errorf("run the bare engine: %w", err)
	}
	return parseRaw(out)
}

func parseRaw(out []byte) (rawSpeed, error) {
	var results []struct {
		Prefill float64 `json:"prefill_tokens_per_second"`
		Decode  float64 `json:"decode_tokens_per_second"`
	}
	if err := json.Unmarshal(out, &results); err != nil {
		return rawSpeed{}, fmt.Errorf("read what the bare engine says: %w", err)
	}
	var prefill, decode []float64
	for _, r := range results {
		prefill, decode = append(prefill, r.Prefill), append(decode, r.Decode)
	}
	s := rawSpeed{loadgen.Median(prefill), loadgen.Median(decode)}
	if s.prefill <= 0 || s.decode <= 0 {
		return rawSpeed{}, errors.New("the bare engine gave no figures")
	}
	return s, nil
}
