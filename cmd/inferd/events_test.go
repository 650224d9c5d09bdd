package main

import (
	"strings"
	"testing"

	"github.com/inferd/inferd/wire"
)

func TestDescribe_IsOneLineForEveryEvent(t *testing.T) {
	total := int64(3 << 30)
	for want, event := range map[string]wire.AdminEvent{
		"starting":                              wire.Starting{},
		"loading_model  checking_local /m.gguf": wire.LoadingModel{Phase: wire.PhaseCheckingLocal{Path: "/m.gguf"}},
		"loading_model  download 1.5 KiB of 3.0 GiB from https://x": wire.LoadingModel{
			Phase: wire.PhaseDownload{DownloadedBytes: 1536, TotalBytes: &total, SourceURL: "https://x"},
		},
		"loading_model  download 7 B from https://x": wire.LoadingModel{
			Phase: wire.PhaseDownload{DownloadedBytes: 7, SourceURL: "https://x"},
		},
		"loading_model  verify /m.gguf": wire.LoadingModel{Phase: wire.PhaseVerify{Path: "/m.gguf"}},
		"loading_model  quarantine /m is not what it should be; moved to /q": wire.LoadingModel{
			Phase: wire.PhaseQuarantine{Path: "/m", QuarantinePath: "/q"},
		},
		"loading_model  mmap /m.gguf":         wire.LoadingModel{Phase: wire.PhaseMmap{Path: "/m.gguf"}},
		"loading_model  load 42 %":            wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: 0.42}},
		"loading_model  kv_cache 4096 tokens": wire.LoadingModel{Phase: wire.PhaseKVCache{NCtx: 4096}},
		"capabilities  a, model m, on cuda, context 8, slots 4, llama.cpp": wire.Capabilities{
			Backend: "a", Model: "m", Accelerator: wire.AcceleratorCUDA, NCtx: 8, Slots: 4, Engine: "llama.cpp",
		},
		"ready":                   wire.Ready{},
		"restarting  engine_down": wire.Restarting{Phase: "engine_down"},
		"draining":                wire.Draining{},
		"failed  no engine":       wire.Failed{Reason: "no engine"},
		"dancing":                 &wire.UnknownAdmin{StatusName: "dancing"},
	} {
		if got := describe(event); got != want {
			t.Errorf("describe is %q, want %q", got, want)
		}
	}
}

func TestProgress_WritesOverItsLineAndTakesItAway(t *testing.T) {
	p, stdout, _ := screen(true)
	line := &progress{out: p.stdout}
	line.event(wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: 0.5}})
	line.event(wire.Restarting{Phase: "\x1b[2J"})
	line.clear()
	line.clear()
	want := "\r\x1b[K[############............] loading_model  load 50 %" +
		"\r\x1b[K" + `restarting  \x1b[2J` + "\r\x1b[K"
	if got := stdout.String(); got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestProgress_StaysOnOneLineOfTheTerminal(t *testing.T) {
	for width, want := range map[int]int{10: 9, 0: 79, 1: 0} {
		p, stdout, _ := screen(true)
		p.stdout.width = width
		(&progress{out: p.stdout}).show(strings.Repeat("é", 200))
		if got := strings.Count(stdout.String(), "é"); got != want {
			t.Errorf("width %d: showed %d letters, want %d", width, got, want)
		}
	}
}

func TestProgress_IsSilentWithoutATerminal(t *testing.T) {
	p, stdout, _ := screen(false)
	line := &progress{out: p.stdout}
	line.event(wire.Starting{})
	line.clear()
	if stdout.Len() > 0 {
		t.Errorf("wrote %q", stdout)
	}
}

func TestFraction_StaysBetweenNoneAndAll(t *testing.T) {
	none := int64(0)
	for _, c := range []struct {
		phase wire.LoadPhase
		want  float64
		known bool
	}{
		{wire.PhaseLoad{LoadedFraction: -1}, 0, true},
		{wire.PhaseLoad{LoadedFraction: 7}, 1, true},
		{wire.PhaseDownload{DownloadedBytes: 5}, 0, false},
		{wire.PhaseDownload{DownloadedBytes: 5, TotalBytes: &none}, 0, false},
		{wire.PhaseVerify{}, 0, false},
	} {
		if got, known := fraction(wire.LoadingModel{Phase: c.phase}); got != c.want || known != c.known {
			t.Errorf("fraction of %#v is %v, %v, want %v, %v", c.phase, got, known, c.want, c.known)
		}
	}
}

func TestWatch_ShowsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	loading := wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: 0.5}}
	for terminal, want := range map[bool]string{true: "[####", false: "loading_model  load 50 %\n"} {
		p, stdout, _ := screen(terminal)
		line := &progress{out: p.stdout}
		if err := p.printEvent(line, loading, false); err != nil {
			t.Fatal(err)
		}
		if got := stdout.String(); !strings.Contains(got, want) {
			t.Errorf("terminal %v: wrote %q, want %q in it", terminal, got, want)
		}
	}
}
