package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Client is one of many that ask at once, each one request after the other.
type Client struct {
	// Class is what the report groups by; it may be empty.
	Class string
	// Next is the client's i-th request, counted from 0; false ends it.
	Next func(i int) (Request, bool)
}

// Trace is one request as its client saw it. Times are counted from the start
// of the run.
type Trace struct {
	Client int
	Class  string
	Begun  time.Duration
	Pieces []time.Duration // when each piece of the answer came
	Ended  time.Duration
	Answer Answer
	Err    error
}

// Run lets the clients ask, all starting at the same moment, and returns their
// traces when the last one has ended, in no particular order. A request that
// fails is a trace with an error, and its client goes on. Run itself fails
// where a client can't connect, or when ctx ends: then the traces are those
// that were complete.
func Run(ctx context.Context, t Target, clients []Client) ([]Trace, error) {
	sessions := make([]Session, 0, len(clients))
	defer func() {
		for _, s := range sessions {
			_ = s.Close()
		}
	}()
	for range clients {
		s, err := t.Connect(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect client %d: %w", len(sessions)+1, err)
		}
		sessions = append(sessions, s)
	}
	traces := make([][]Trace, len(clients))
	begin := make(chan struct{})
	var start time.Time
	var running sync.WaitGroup
	for i, c := range clients {
		running.Go(func() {
			<-begin
			traces[i] = c.ask(ctx, i, sessions[i], start)
		})
	}
	start = time.Now()
	close(begin)
	running.Wait()
	var all []Trace
	for _, t := range traces {
		all = append(all, t...)
	}
	return all, context.Cause(ctx)
}

// ask asks all of one client's requests.
func (c Client) ask(ctx context.Context, number int, s Session, start time.Time) (traces []Trace) {
	for i := 0; ; i++ {
		r, more := c.Next(i)
		if !more {
			return traces
		}
		t := Trace{Client: number, Class: c.Class, Pieces: make([]time.Duration, 0, min(r.MaxTokens, 4096)), Begun: time.Since(start)}
		t.Answer, t.Err = s.Ask(ctx, r, func() { t.Pieces = append(t.Pieces, time.Since(start)) })
		t.Ended = time.Since(start)
		if ctx.Err() != nil {
			return traces
		}
		if t.Err == nil && len(t.Pieces) == 0 && t.Answer.CompletionTokens == 0 {
			t.Err = errEmpty
		}
		traces = append(traces, t)
	}
}

var errEmpty = errors.New("the answer is empty")

// FirstToken is how long the first piece of the answer took; 0 where none came.
func (t *Trace) FirstToken() time.Duration {
	if len(t.Pieces) == 0 {
		return 0
	}
	return t.Pieces[0] - t.Begun
}

// Writing is how long the answer took from its first piece to its end.
func (t *Trace) Writing() time.Duration {
	if len(t.Pieces) == 0 {
		return 0
	}
	return t.Ended - t.Pieces[0]
}

// Gaps are the times from each piece to the next.
func (t *Trace) Gaps() []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(t.Pieces); i++ {
		gaps = append(gaps, t.Pieces[i]-t.Pieces[i-1])
	}
	return gaps
}
