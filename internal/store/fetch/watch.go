package fetch

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// leastBytes have to come in the time after which a server counts as stalled:
// one that sends a byte now and then would otherwise be waited for for ever.
const leastBytes = 16 << 10

// watch ends an attempt in which next to nothing comes.
type watch struct {
	got     atomic.Int64 // bytes so far
	waiting atomic.Bool  // for the server, not for the disk
}

// start watches until stop is called, which waits for the end of it. The context
// that it returns ends with errStalled.
func (w *watch) start(ctx context.Context, limit time.Duration) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	w.waiting.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(limit)
		defer ticker.Stop()
		for last := int64(0); ; {
			select {
			case <-watched.Done():
				return
			case <-ticker.C:
			}
			got := w.got.Load()
			if w.waiting.Load() && got-last < leastBytes {
				cancel(errStalled)
				return
			}
			last = got
		}
	}()
	return watched, func() { cancel(nil); <-done }
}

// reader counts what comes from a body.
func (w *watch) reader(body io.Reader) io.Reader { return watchedReader{w, body} }

type watchedReader struct {
	w    *watch
	body io.Reader
}

func (r watchedReader) Read(p []byte) (int, error) {
	r.w.waiting.Store(true)
	n, err := r.body.Read(p)
	r.w.waiting.Store(false)
	r.w.got.Add(int64(n))
	return n, err
}
