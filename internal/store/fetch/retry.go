package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/inferd/inferd/internal/store"
)

// leastProgress is how far an attempt has to get to count as a success: a
// connection that breaks now and then does not use up the attempts.
const leastProgress = 256 << 10

// maxRetryAfter is how long a server may ask us to wait.
const maxRetryAfter = 5 * time.Minute

// Retry is an attempt that is going to be repeated.
type Retry struct {
	Err  error
	Wait time.Duration
}

// patience decides whether there is another attempt, and when.
type patience struct {
	attempts    int // that may fail in a row
	first, most time.Duration

	failed int
}

// next judges an attempt that failed after it had brought in some bytes.
func (p *patience) next(err error, gained int64) (wait time.Duration, again bool) {
	if !retryable(err) {
		return 0, false
	}
	if gained >= leastProgress {
		p.failed = 0
	}
	if p.failed++; p.failed >= p.attempts {
		return 0, false
	}
	wait = min(p.first<<min(p.failed-1, 20), p.most)
	// Half of it at least, so that a server in trouble is left alone; the rest at
	// random, so that not everybody comes back at once.
	wait = wait/2 + rand.N(wait/2+1)
	if status, ok := errors.AsType[*StatusError](err); ok {
		if status.Wait > maxRetryAfter {
			return 0, false
		}
		wait = max(wait, status.Wait)
	}
	return wait, true
}

// retryable reports whether the same question may be answered next time: what
// went wrong is on the way, or the server's state of the moment.
func retryable(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Code >= 500 || status.Code == http.StatusTooManyRequests
	}
	for _, permanent := range []bool{
		is[*PolicyError](err), is[*ProtocolError](err), is[*SizeError](err), is[*SourceError](err), is[*RefusedError](err),
		is[*store.ReceiveError](err), is[*store.SpaceError](err), is[*store.MismatchError](err),
		is[*tls.CertificateVerificationError](err), is[localError](err),
		errors.Is(err, context.Canceled), errors.Is(err, errTimeout),
	} {
		if permanent {
			return false
		}
	}
	return true
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// localError is an error of this machine, not of the network.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// sleep waits, or returns why the context ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// statusOf is an answer that is no success.
func statusOf(resp *http.Response) error {
	return &StatusError{
		Code: resp.StatusCode, Host: resp.Request.URL.Host,
		Wait: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
