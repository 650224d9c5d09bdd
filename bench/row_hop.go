package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	var results []Result
	for _, c := range []struct {
		name     string
		pace     pace
		p50, p99 *Target
	}{
		{"idle machine", pace{Between: 2 * time.Millisecond}, atMost(30), atMost(250)},
		{"all processors computing", pace{Between: 2 * time.Millisecond, Busy: true}, nil, nil},
	} {
		var tails []float64
		got, err := l.rounds(ctx, func(ctx context.Context) (float64, error) {
			delays, err := hopDelays(ctx, d.Dir, c.pace, l.pick(2000, 1000))
			tails = append(tails, loadgen.Quantile(delays, 0.99))
			return loadgen.Quantile(delays, 0.5), err
		})
		if err != nil {
			return results, err
		}
		results = append(results,
			l.judge(got, column(got, 0), Result{Case: c.name + ", p50", Unit: "µs", Target: c.p50}),
			l.judge(got, tails, Result{Case: c.name + ", p99", Unit: "µs", Target: c.p99}),
		)
	}
	return results, nil
}

// hopDelays asks for tokens and returns how long each was on its way, in
// microseconds.
func hopDelays(ctx context.Context, dir string, p pace, tokens int) ([]float64, error) {
	prompt, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, transport.EndpointIn(dir, transport.V1))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	most := int64(tokens)
	request := &wire.V1Request{ID: "h", Messages: []wire.Message{{Role: wire.RoleUser, Content: string(prompt)}}, MaxTokens: &most}
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
