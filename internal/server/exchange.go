package server

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/wire"
)

// job is what one surface makes of a request: its rules, its call of a backend
// and its frames. It belongs to one exchange.
type job interface {
	id() string
	// check validates the request against what the backends offer.
	check(x *exchange) error
	// limit is how long it may take from receipt; 0 is no limit.
	limit() time.Duration
	// progress reports whether the client asked to hear of its place in the
	// queue.
	progress() bool
	// need is what its backend must be able to do.
	need() router.Need
	// call has b do the work. x.result says how it ended.
	call(ctx context.Context, x *exchange, b backend.Backend) error
	// done is the terminal frame of a request that was answered, or of one that
	// was cancelled: nil where the surface has none for that.
	done(x *exchange, stop wire.StopReason) wire.V1Response
}

// exchange is one request on its way: decoded, but not yet checked.
type exchange struct {
	*session
	job      job
	number   uint64
	received time.Time
	box      *outbox
	finish   func() // ends the count of an admitted request; nil before

	queueTime  time.Duration
	firstToken time.Duration // from receipt; 0 is none yet
	backend    string
	result     backend.Result
}

// run takes the request all the way and returns its terminal frame, which is
// nil only where nobody is left to read it. The error is for the log.
func (x *exchange) run(ctx context.Context) (last wire.V1Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			x.log.Error("panic in session", append(x.peerAttrs(), slog.Uint64("request", x.number),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))...)
			last, err = x.failed(errPanic), errPanic
		}
	}()
	if err := x.job.check(x); err != nil {
		return x.failed(err), err
	}
	if limit := x.job.limit(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, x.received.Add(limit), errDeadline)
		defer cancel()
	}
	err = x.answer(ctx)
	return x.terminal(ctx, err), err
}

// answer waits for a turn and has a backend do the work. The permit is given
// back when it returns: the last frames need none to be written.
func (x *exchange) answer(ctx context.Context) error {
	release, err := x.server.cfg.Gate.Admit(ctx, x.caller, x.moved())
	if err != nil {
		return err
	}
	x.finish = x.server.activity.admitted()
	defer release()
	for {
		begun, err := x.dispatch(ctx)
		if begun || err == nil {
			return err
		}
	}
}

// dispatch has a backend do the work, and waits for one that is away. begun is
// false where that backend has gone before anything was done.
func (x *exchange) dispatch(ctx context.Context) (begun bool, err error) {
	b, report, err := x.server.cfg.Router.Await(ctx, x.job.need())
	if err != nil {
		return true, err
	}
	outcome := router.OwnFault // what a panic is
	defer func() { report(outcome) }()
	x.queueTime = time.Since(x.received)
	x.backend = b.Name()
	err = x.job.call(ctx, x, b)
	outcome = router.OutcomeOf(err, x.result.Stop)
	if errors.Is(err, backend.ErrNotBegun) && ctx.Err() == nil {
		x.backend = ""
		return false, err
	}
	if err == nil && x.result.Stop == "" {
		return true, errNoTerminal
	}
	return true, err
}

// moved sends queue positions to a client that asked for them. A position is
// dropped where the client lags: the next one says more.
func (x *exchange) moved() func(position int) {
	if !x.job.progress() {
		return nil
	}
	return func(position int) {
		x.offer(&wire.V1Status{ID: x.job.id(), Status: wire.StatusQueued, Position: position})
	}
}

// prefilled sends how far the prompt is read to a client that asked for it.
func (x *exchange) prefilled(e *backend.Event) {
	if x.job.progress() {
		x.offer(&wire.V1Status{ID: x.job.id(), Status: wire.StatusPrefill, Done: e.Done, Total: e.Total})
	}
}

// offer sends a frame that may be lost.
func (x *exchange) offer(f appender) { x.box.offer(x.framing(f)) }

// send sends a frame. It blocks while the client lags behind.
func (x *exchange) send(ctx context.Context, f appender) error { return x.box.add(ctx, x.framing(f)) }

// produced notes when the first piece of the answer came.
func (x *exchange) produced() {
	if x.firstToken == 0 {
		x.firstToken = time.Since(x.received)
	}
}

// terminal is the frame that ends a request which Admit, Await or a backend
// has ended with err.
func (x *exchange) terminal(ctx context.Context, err error) wire.V1Response {
	if err == nil {
		return x.job.done(x, x.result.Stop)
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errClientGone), errors.Is(cause, errStalled):
		return nil
	case errors.Is(cause, errDeadline), cause != nil && x.backend != "":
		if last := x.job.done(x, wire.StopCancelled); last != nil {
			return last
		}
	}
	return x.failed(err)
}

func (x *exchange) failed(err error) *wire.V1Error {
	code, message := codeOf(err)
	return &wire.V1Error{ID: x.job.id(), Code: code, Message: message}
}

func (x *exchange) timings() *wire.Timings {
	return &wire.Timings{
		QueueMS: inMillis(x.queueTime), PrefillMS: inMillis(x.result.Prefill),
		FirstTokenMS: inMillis(x.firstToken), DecodeMS: inMillis(x.result.Decode),
	}
}

// finished ends the count of an admitted request once its last frame is out.
func (x *exchange) finished() {
	if x.finish != nil {
		x.finish()
	}
}
