//go:build unix

package main

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/loadgen"
)

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// The times go all the way: out of this program as a worker, through a whole
// daemon, and into this program as a client.
func TestHopDelays_ComeThroughADaemon(t *testing.T) {
	cfg := daemontest.Config(t)
	cfg.WorkerPath = self(t)
	cfg.Backends = []config.Backend{{
		Kind: config.KindLlamaCPP, Name: "stamps", LlamaCPP: config.LlamaCPP{Model: config.BuiltinModel, Slots: 1},
	}}
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	for _, p := range []pace{{Between: time.Millisecond}, {Busy: true}} {
		delays, err := hopDelays(t.Context(), d.Dir, p, 7)
		if err != nil || len(delays) != 7 {
			t.Errorf("%+v: %d delays, %v", p, len(delays), err)
		}
	}
}

func TestHopDelays_EndWithTheirContext(t *testing.T) {
	d := daemontest.New(t, mock.Config{FirstDelay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := hopDelays(ctx, d.Dir, pace{}, 1)
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil {
		t.Error("there were delays of an answer that never came")
	}
}

func TestFloorDelays_ComeThroughARelay(t *testing.T) {
	delays, err := floorDelays(t.Context(), self(t), pace{Between: time.Millisecond}, 7)
	if err != nil || len(delays) != 7 {
		t.Errorf("%d delays, %v", len(delays), err)
	}
}

func TestStampTokens_AnswersOnlyTheBenchmark(t *testing.T) {
	ours, theirs := net.Pipe()
	failed := make(chan error, 1)
	go func() {
		failed <- answerWithStamps(theirs, []byte(`{"messages":[{"role":"user","content":"What is the capital of France?"}]}`), nil)
	}()
	if err := <-failed; err == nil {
		t.Error("a person's question was answered")
	}
	_ = ours.Close()
	_ = theirs.Close()
}

func TestCountFrames_CountsThoseOfAllClients(t *testing.T) {
	cfg := daemontest.Config(t, mock.Config{Tokens: []string{"a ", "b "}, Loop: true})
	cfg.Queue.Active = readers
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	if n, err := countFrames(t.Context(), d.Dir, 50*time.Millisecond); err != nil || n <= 0 {
		t.Errorf("%f frames a second, %v", n, err)
	}
}

func TestQuitter_SeesTheSlotGetFree(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"a ", "b "}, Loop: true, TokenDelay: time.Millisecond})
	q := quitter{
		daemon: &daemon{Daemon: loadgen.Daemon{Dir: d.Dir}}, work: &workload{lab: testLab(t)}, prompt: 10, frames: 5, times: 2,
	}
	unit, delay, err := q.measure(t.Context())
	if err != nil || unit <= 0 || delay <= 0 {
		t.Errorf("a step of %f ms, free after %f ms, %v", unit, delay, err)
	}
}

func TestStalled_MeasuresTheGapsBesideAnother(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"a ", "b "}, Loop: true, FirstDelay: 20 * time.Millisecond, TokenDelay: time.Millisecond})
	s := &stalled{target: loadgen.Daemon{Dir: d.Dir}, work: &workload{lab: testLab(t)}, prompt: 10}
	for name, measure := range map[string]arm{"disturbed": s.disturbed, "alone": s.alone} {
		if ms, err := measure(t.Context()); err != nil || ms <= 0 {
			t.Errorf("%s: p99 of %f ms, %v", name, ms, err)
		}
	}
	if s.gaps == 0 || len(s.reading) != 1 || s.worst <= 0 {
		t.Errorf("it noted %+v", s)
	}
}

func TestStalled_NeedsAnAnswerThatGoesOn(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"a ", "b "}})
	s := &stalled{target: loadgen.Daemon{Dir: d.Dir}, work: &workload{lab: testLab(t)}, prompt: 10}
	if ms, err := s.disturbed(t.Context()); err == nil {
		t.Errorf("p99 of %f ms of an answer that had ended", ms)
	}
	if ms, err := s.alone(t.Context()); err == nil {
		t.Errorf("p99 of %f ms of an answer of two pieces", ms)
	}
}

// A program that ends instead of getting ready says why.
func TestProcess_SaysWhyItEnded(t *testing.T) {
	p, err := start(t.TempDir(), os.Environ(), self(t), workerCommand) // without a link
	if err != nil {
		t.Fatal(err)
	}
	err = p.await(t.Context(), func(context.Context) error { return os.ErrNotExist })
	if err == nil || !strings.Contains(err.Error(), "no link") {
		t.Errorf("error %v, want the program's own words", err)
	}
	p.stop()
	p.stop() // which is no fault
}

func TestLaunch_LeavesNothingBehind(t *testing.T) {
	l := testLab(t)
	l.places.inferd = "/nonexistent/inferd"
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if _, err := l.serve(t.Context(), settings{}); err == nil {
		t.Error("a program that is not there was started")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
