package loadgen

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is a server that takes first for the first piece of an answer and gap
// for each other.
type fake struct {
	first, gap time.Duration
	fail       error
	connect    error
	closed     int
}

func (f *fake) Connect(context.Context) (Session, error) {
	if f.connect != nil {
		return nil, f.connect
	}
	return fakeSession{f}, nil
}

type fakeSession struct{ *fake }

func (s fakeSession) Close() error { s.closed++; return nil }

func (s fakeSession) Ask(ctx context.Context, r Request, piece func()) (Answer, error) {
	wait := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := wait(s.first); err != nil {
		return Answer{}, err
	}
	if s.fail != nil {
		return Answer{}, s.fail
	}
	for i := range r.MaxTokens {
		if i > 0 {
			if err := wait(s.gap); err != nil {
				return Answer{}, err
			}
		}
		piece()
	}
	words := len(strings.Fields(r.Prompt))
	return Answer{PromptTokens: 3 + 2*words, CompletionTokens: r.MaxTokens}, nil
}

func times(n int, r Request) func(int) (Request, bool) {
	return func(i int) (Request, bool) { return r, i < n }
}

func TestRun_MeasuresWhatClientsSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fake{first: 50 * time.Millisecond, gap: 10 * time.Millisecond}
		clients := []Client{{Next: times(2, Request{MaxTokens: 6})}, {Next: times(2, Request{MaxTokens: 6})}}
		traces, err := Run(t.Context(), server, clients)
		if err != nil {
			t.Fatal(err)
		}
		got := Summarize(traces)
		want := Report{
			Clients: 2, Requests: 4, Seconds: 0.2, PromptTokens: 12, CompletionTokens: 24,
			TokensPerSecond: 120, PerClient: 100,
			FirstToken: Spread{50, 50, 50, 50}, Gap: Spread{10, 10, 10, 10},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if server.closed != 2 {
			t.Errorf("%d sessions were closed, want 2", server.closed)
		}
	})
}

func TestRun_CountsErrorsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fake{first: time.Second, fail: errors.New("no luck")}
		traces, err := Run(t.Context(), server, []Client{{Next: times(3, Request{MaxTokens: 1})}})
		if err != nil {
			t.Fatal(err)
		}
		if r := Summarize(traces); r.Errors != 3 || r.Requests != 0 || r.FirstError != "no luck" || r.Seconds != 3 {
			t.Errorf("report %+v", r)
		}
		server.fail = nil
		traces, err = Run(t.Context(), server, []Client{{Next: times(1, Request{})}})
		if err != nil {
			t.Fatal(err)
		}
		if r := Summarize(traces); r.Errors != 1 || r.FirstError != errEmpty.Error() {
			t.Errorf("an empty answer: report %+v", r)
		}
	})
}

func TestRun_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		server := &fake{first: time.Second}
		traces, err := Run(ctx, server, []Client{{Next: times(100, Request{MaxTokens: 1})}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
		}
		if r := Summarize(traces); r.Requests != 2 || r.Errors != 0 {
			t.Errorf("report %+v, want the two requests that were complete", r)
		}
	})
}

func TestRun_NeedsEveryClientToConnect(t *testing.T) {
	server := &fake{connect: errors.New("nobody there")}
	if _, err := Run(t.Context(), server, make([]Client, 2)); !errors.Is(err, server.connect) {
		t.Errorf("error %v, want %v", err, server.connect)
	}
}

func TestMeasure_FindsTheScale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := Measure(t.Context(), fakeSession{&fake{}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Scale{PerWord: 2, Around: 3}, got); d != "" {
			t.Error(d)
		}
		if n := got.Words(203); n != 100 {
			t.Errorf("203 tokens are %d words, want 100", n)
		}
		if n := (Scale{}).Words(7); n != 7 {
			t.Errorf("without a scale, 7 tokens are %d words", n)
		}
		if n := got.Words(1); n != 1 {
			t.Errorf("1 token is %d words, want the least", n)
		}
	})
}
