package main

import (
	"context"
	"os"
	"time"

	"github.com/inferd/inferd/internal/transport"
)

// starts is S9.
func starts(ctx context.Context, l *lab) ([]Result, error) {
	once := func(ctx context.Context) (float64, error) {
		began := time.Now()
		d, err := l.launch(settings{model: builtinModel})
		if err != nil {
			return 0, err
		}
		defer d.stop()
		// The socket is there as soon as the daemon takes requests, and no
		// earlier. A look at its name costs nothing.
		path := transport.EndpointIn(d.Dir, transport.V1).Path
		for {
			if _, err := os.Lstat(path); err == nil {
				break
			}
			select {
			case <-time.After(500 * time.Microsecond):
			case <-d.done:
				return 0, d.await(ctx, d.dial) // says why
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
		if err := d.dial(ctx); err != nil {
			return 0, err
		}
		return float64(time.Since(began).Microseconds()) / 1000, nil
	}
	if _, err := once(ctx); err != nil { // warms the files
		return nil, err
	}
	got, err := l.rounds(ctx, once)
	if err != nil {
		return nil, err
	}
	return []Result{l.judge(got, column(got, 0), Result{Case: onBuiltin, Unit: "ms", Target: atMost(400)})}, nil
}
