package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/loadgen"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// cancels is S8: how much longer than a step, or than a chunk of a prompt, it
// takes from a closed connection to a free slot.
func cancels(ctx context.Context, l *lab) ([]Result, error) {
	d, w, err := l.serveBench(ctx, settings{slots: 1, threads: l.threads, nCtx: 8192})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	var results []Result
	for _, c := range []struct {
		name   string
		unit   string // of the engine's work
		quit   quitter
		target *Target
	}{
		{"decoding, beyond one step", "step", quitter{d, w, 64, runUp, 5}, atMost(5)},
		{"in a 4,000-token prefill, beyond one chunk", "chunk", quitter{d, w, 4000, 2, l.pick(5, 2)}, atMost(20)},
	} {
		var units, delays []float64
		got, err := l.rounds(ctx, func(ctx context.Context) (float64, error) {
			unit, delay, err := c.quit.measure(ctx)
			units, delays = append(units, unit), append(delays, delay)
			return delay - unit, err
		})
		if err != nil {
			return results, err
		}
		note := fmt.Sprintf("worst of %d in each sample; free after %s; a %s is %s", c.quit.times,
			figure(loadgen.Median(delays), "ms"), c.unit, figure(loadgen.Median(units), "ms"))
		results = append(results, l.judge(got, column(got, 0), Result{Case: c.name, Unit: "ms", Target: c.target, Note: note}))
	}
	return results, nil
}

// quitter asks and closes its connection while the answer is on its way.
type quitter struct {
	daemon *daemon
	work   *workload
	prompt int // tokens
	frames int // of progress or text, after which it leaves
	times  int // in each sample
}

// measure returns how long a step took before the cancel, the median, and how
// long the slot was taken after it, the worst, in milliseconds.
func (q quitter) measure(ctx context.Context) (unit, delay float64, err error) {
	var units, delays []time.Duration
	for i := range q.times {
		u, d, err := q.once(ctx, float64(i)/float64(q.times))
		if err != nil {
			return 0, 0, err
		}
		units, delays = append(units, u), append(delays, d)
	}
	return loadgen.Median(loadgen.Milliseconds(units)), loadgen.Quantile(loadgen.Milliseconds(delays), 1), nil
}

// once asks, and leaves after the last frame that it waits for, when that share
// of the next step, or chunk, should be over.
func (q quitter) once(ctx context.Context, share float64) (unit, delay time.Duration, err error) {
	conn, err := transport.Dial(ctx, transport.EndpointIn(q.daemon.Dir, transport.V1))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close() }()
	request := q.request()
	if _, err := conn.Write(request.Append(nil)); err != nil {
		return 0, 0, err
	}
	frames := wire.NewReader(conn)
	var at []time.Time
	for len(at) < q.frames {
		raw, err := frames.Next()
		if err != nil {
			return 0, 0, err
		}
		counts, err := q.counts(raw)
		if err != nil {
			return 0, 0, err
		}
		if counts {
			at = append(at, time.Now())
		}
	}
	unit = at[len(at)-1].Sub(at[0]) / time.Duration(len(at)-1)
	time.Sleep(time.Duration(share * float64(unit))) // the cancels of a sample are spread over a step
	left := time.Now()
	if err := conn.Close(); err != nil {
		return 0, 0, err
	}
	if err := q.awaitFree(ctx); err != nil {
		return 0, 0, err
	}
	return unit, time.Since(left), nil
}

func (q quitter) request() *wire.V1Request {
	most, greedy, penalty := int64(2000), 0.0, float64(steady)
	return &wire.V1Request{
		ID: "q", Messages: []wire.Message{{Role: wire.RoleUser, Content: q.work.words(q.prompt)}},
		MaxTokens: &most, Temperature: &greedy, FrequencyPenalty: &penalty, Progress: true,
	}
}

// counts reports whether a frame is one of those that are waited for: of text,
// or in a long prompt of its progress.
func (q quitter) counts(raw []byte) (bool, error) {
	frame, err := wire.DecodeV1Response(raw)
	if err != nil {
		return false, err
	}
	switch f := frame.(type) {
	case *wire.V1Token:
		return true, nil
	case *wire.V1Status:
		return q.prompt >= 1000 && f.Status == wire.StatusPrefill && f.Done > 0, nil
	case *wire.V1Error:
		return false, errors.New(f.Message)
	}
	return false, io.ErrUnexpectedEOF
}

// awaitFree waits until no request has a slot.
func (q quitter) awaitFree(ctx context.Context) error {
	for {
		s, err := client.Status(ctx, q.daemon.Dir)
		if err != nil || s.Queue.Active == 0 {
			return err
		}
		// Each look costs the machine something too.
		time.Sleep(500 * time.Microsecond)
	}
}
