package loadgen

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/daemon/daemontest"
)

func TestDaemon_ReadsAnAnswer(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"Hello ", "there ", "you"}})
	a, pieces, err := ask(t, Daemon{Dir: d.Dir}, Request{Prompt: "one two three", MaxTokens: 2, FrequencyPenalty: 1})
	if err != nil {
		t.Fatal(err)
	}
	a.PrefillMS = 0
	if d := cmp.Diff(Answer{PromptTokens: 3, CompletionTokens: 2}, a); d != "" || pieces != 2 {
		t.Errorf("%d pieces, %s", pieces, d)
	}
}

func TestDaemon_SaysWhatWentWrong(t *testing.T) {
	two := 2
	d := daemontest.New(t, mock.Config{Tokens: []string{"a ", "b ", "c "}, FailAfterTokens: &two})
	if _, pieces, err := ask(t, Daemon{Dir: d.Dir}, Request{Prompt: "x", MaxTokens: 9}); err == nil || pieces != 2 {
		t.Errorf("%d pieces, error %v", pieces, err)
	}
	if _, err := (Daemon{Dir: t.TempDir()}).Connect(t.Context()); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("without a daemon: error %v, want %v", err, client.ErrNotRunning)
	}
}

func TestRun_LoadsADaemon(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"a ", "b ", "c "}, Loop: true})
	plan := Plan{Clients: 8, Requests: 3, PromptTokens: 20, MaxTokens: 10, SharedPrefix: 5, Interactive: 1, Batch: 1}
	s, err := Daemon{Dir: d.Dir}.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scale, err := Measure(t.Context(), s)
	if err != nil || scale != (Scale{PerWord: 1}) {
		t.Errorf("scale %+v, %v", scale, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	traces, err := Run(t.Context(), Daemon{Dir: d.Dir}, plan.Load(scale))
	if err != nil {
		t.Fatal(err)
	}
	r := Summarize(traces)
	if r.Requests != 24 || r.Errors != 0 || len(r.Classes) != 2 {
		t.Fatalf("report %+v", r)
	}
	for i, want := range []struct{ prompt, answer int }{{12 * 20, 12 * 10}, {12 * 20 * BatchTimes, 12 * 10 * BatchTimes}} {
		if c := r.Classes[i]; c.PromptTokens != want.prompt || c.CompletionTokens != want.answer {
			t.Errorf("class %s: %d and %d tokens, want %d and %d", c.Class, c.PromptTokens, c.CompletionTokens, want.prompt, want.answer)
		}
	}
}

// A run that is given up leaves no request behind in the daemon.
func TestRun_GivenUpCancelsItsRequests(t *testing.T) {
	d := daemontest.New(t, mock.Config{Tokens: []string{"a "}, Loop: true, TokenDelay: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := make(chan struct{}, 1)
	endless := Client{Next: func(int) (Request, bool) {
		asked <- struct{}{}
		return Request{Prompt: "x", MaxTokens: 1 << 30}, true
	}}
	go func() {
		<-asked
		cancel()
	}()
	if _, err := Run(ctx, Daemon{Dir: d.Dir}, []Client{endless}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
