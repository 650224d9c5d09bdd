package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/inferd/inferd/internal/loadgen"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// hopPace is a token now and then: the machine has nothing else to do.
const hopPace = 2 * time.Millisecond

// hop is S4.
func hop(ctx context.Context, l *lab) ([]Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d, err := l.serve(ctx, settings{model: builtinModel, slots: 1, env: []string{"INFERD_WORKER=" + self}})
	if err != nil {
		return nil, err
	}
	defer d.stop()
	tokens := l.pick(2000, 1000)
	through := func(p pace) func(context.Context) ([]float64, error) {
		return func(ctx context.Context) ([]float64, error) { return hopDelays(ctx, d.Dir, p, tokens) }
	}
	floor := func(ctx context.Context) ([]float64, error) {
		return floorDelays(ctx, self, pace{Between: hopPace}, tokens)
	}
	var results []Result
	for _, c := range []struct {
		name     string
		delays   func(context.Context) ([]float64, error)
		p50, p99 *Target
	}{
		{"idle machine", through(pace{Between: hopPace}), atMost(30), atMost(250)},
		{"idle machine, the least that a relay takes", floor, nil, nil},
		{"all processors computing", through(pace{Between: hopPace, Busy: true}), nil, nil},
	} {
		more, err := l.hopOn(ctx, c.name, c.delays, c.p50, c.p99)
		if err != nil {
			return results, err
		}
		results = append(results, more...)
	}
	return results, nil
}

// hopOn makes two results of delays, which are in microseconds.
func (l *lab) hopOn(ctx context.Context, name string, delays func(context.Context) ([]float64, error), p50, p99 *Target) ([]Result, error) {
	var tails []float64
	got, err := l.rounds(ctx, func(ctx context.Context) (float64, error) {
		all, err := delays(ctx)
		tails = append(tails, loadgen.Quantile(all, 0.99))
		return loadgen.Quantile(all, 0.5), err
	})
	return []Result{
		l.judge(got, column(got, 0), Result{Case: name + ", p50", Unit: "µs", Target: p50}),
		l.judge(got, tails, Result{Case: name + ", p99", Unit: "µs", Target: p99}),
	}, err
}

// hopDelays asks for tokens and returns how long each was on its way, in
// microseconds.
func hopDelays(ctx context.Context, dir string, p pace, tokens int) ([]float64, error) {
	prompt, err := p.prompt()
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, transport.EndpointIn(dir, transport.V1))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	most := int64(tokens)
	request := &wire.V1Request{ID: "h", Messages: []wire.Message{{Role: wire.RoleUser, Content: prompt}}, MaxTokens: &most}
	if _, err := conn.Write(request.Append(nil)); err != nil {
		return nil, err
	}
	read, release, err := blockingRead(conn)
	if err != nil {
		return nil, err
	}
	defer release()
	defer context.AfterFunc(ctx, func() {
		if c, ok := conn.(interface{ CloseRead() error }); ok {
			_ = c.CloseRead() // ends a read that waits
		}
	})()
	// A thread that waits in the system itself wakes up when the bytes are
	// there, without a scheduler of its own in between.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return readStamps(read, tokens)
}

// readStamps reads token frames, whose text is when they were written, to the
// end of the answer.
func readStamps(read func([]byte) (int, error), tokens int) ([]float64, error) {
	delays := make([]float64, 0, tokens)
	var pending []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := read(buf)
		now := time.Now().UnixNano()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errors.New("the daemon closed the connection")
		}
		pending = append(pending, buf[:n]...)
		for {
			line, rest, whole := bytes.Cut(pending, []byte("\n"))
			if !whole {
				break
			}
			pending = rest
			stamp, done, err := stampOf(line)
			if err != nil {
				return nil, err
			}
			if done {
				return delays, nil
			}
			delays = append(delays, float64(now-stamp)/1000)
		}
	}
}

// stampOf reads the time in a token frame; done is the frame after the last.
func stampOf(line []byte) (stamp int64, done bool, err error) {
	frame, err := wire.DecodeV1Response(line)
	if err != nil {
		return 0, false, err
	}
	switch f := frame.(type) {
	case *wire.V1Token:
		stamp, err = strconv.ParseInt(f.Content, 10, 64)
		return stamp, false, err
	case *wire.V1Done:
		return 0, true, nil
	}
	return 0, false, fmt.Errorf("an unexpected frame: %s", line)
}
