package main

import (
	"bytes"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inferd/inferd/wire"
)

// screen is a program whose streams are kept.
func screen(terminal bool) (p *program, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &program{stdout: output{stdout, terminal, 60}, stderr: output{stderr, terminal, 60}}, stdout, stderr
}

func TestAnswer_IsMadeFitForATerminalAndLeftAsItIsForAFile(t *testing.T) {
	for terminal, want := range map[bool]string{true: `a\x1b[31mb` + "\n", false: "a\x1b[31mb\n"} {
		p, stdout, _ := screen(terminal)
		a := &answer{program: p}
		if err := a.print(&wire.V1Token{Content: "a\x1b[31mb"}); err != nil {
			t.Fatal(err)
		}
		a.endLine()
		if got := stdout.String(); got != want {
			t.Errorf("terminal %v: printed %q, want %q", terminal, got, want)
		}
	}
}

func TestAnswer_EndsItsLastLineOnce(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "a\n", "a\n": "a\n", "a\n\n": "a\n\n"} {
		p, stdout, _ := screen(false)
		a := &answer{program: p}
		for _, frame := range []wire.V1Response{&wire.V1Token{Content: text}, &wire.V1Done{Content: text, StopReason: wire.StopEnd}} {
			if err := a.print(frame); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.finish(); err != nil {
			t.Error(err)
		}
		if got := stdout.String(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
}

func TestAnswer_FiguresSayHowFastAndWhyItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, stderr := screen(false)
		a := &answer{program: p, stats: true, begun: time.Now()}
		time.Sleep(35 * time.Millisecond)
		_ = a.print(&wire.V1Token{Content: "x"})
		_ = a.print(&wire.V1Done{
			Usage: wire.Usage{CompletionTokens: 12}, StopReason: wire.StopLength, Timings: &wire.Timings{DecodeMS: 48},
		})
		if err := a.finish(); err != nil {
			t.Error(err)
		}
		if got, want := stderr.String(), "12 tokens, first token 35 ms, 250.0 tokens/s, stopped: length\n"; got != want {
			t.Errorf("figures are %q, want %q", got, want)
		}
	})
}

func TestAnswer_IsAFailureWhenItIsNotComplete(t *testing.T) {
	for _, reason := range []wire.StopReason{wire.StopCancelled, wire.StopError} {
		p, _, _ := screen(false)
		a := &answer{program: p, done: &outcome{stop: reason}}
		if err := a.finish(); err == nil || diagnose(err).code != exitFailure {
			t.Errorf("%s: error is %v, want a failure", reason, err)
		}
	}
	p, _, _ := screen(false)
	if err := (&answer{program: p}).finish(); !errors.Is(err, errNoAnswer) {
		t.Errorf("without done the error is %v", err)
	}
}

// broken is an output that takes nothing.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestAnswer_StopsWhenItCantBePrinted(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		for code, err := range map[int]error{exitFailure: syscall.ENOSPC, 141: syscall.EPIPE} {
			p, _, _ := screen(false)
			p.stdout = output{Writer: broken{err}}
			a := &answer{program: p, json: asJSON}
			got := a.print(&wire.V1Token{Content: "x"})
			if p.report(got) != code {
				t.Errorf("json %v: %v became %v, want exit code %d", asJSON, err, got, code)
			}
		}
	}
}
